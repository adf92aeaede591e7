// The pages' modules with names that every object has, such as `constructor`, as those of platforms and models.
// Needs no browser: `node --test tests/e2e/names.test.mjs`.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const site = fileURLToPath(new URL("../../shared/api/site", import.meta.url));
const NAMES = Object.getOwnPropertyNames(Object.prototype);

/** What the modules use of a document, as far as texts are concerned. */
class Node {
  children = [];
  dataset = {};
  classList = { add() {}, remove() {}, toggle() {} };
  setAttribute() {}
  addEventListener() {}
  append(...added) {
    this.children.push(...added);
  }
  replaceChildren(...added) {
    this.children = added;
  }
  querySelectorAll() {
    return [];
  }
  get text() {
    return this.children.map((child) => child.text ?? String(child)).join("");
  }
}

const create = () => new Node();
globalThis.document = { baseURI: "http://localhost/", documentElement: create(), createElement: create, createElementNS: create };
globalThis.addEventListener = () => {};
globalThis.fetch = async () => Promise.reject(new Error("offline"));
// A language that nobody has a dictionary for, kept by another page.
globalThis.localStorage = { getItem: (key) => (key.includes("lang") ? "constructor" : null), setItem() {} };

// Modules by the name `.js` need a package that says so.
const copy = mkdtempSync(join(tmpdir(), "site-"));
cpSync(site, copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type":"module"}');
after(() => rmSync(copy, { recursive: true }));
const load = (name) => import(pathToFileURL(join(copy, name)));
const [i18n, parts] = [await load("i18n.js"), await load("parts.js")];

test("a kept language is one of the dictionaries", () => {
  assert.ok(["en", "es"].includes(i18n.lang()), i18n.lang());
});

test("a platform may have any name", () => {
  assert.equal(parts.platformName("disney"), "Disney+");
  for (const name of NAMES) {
    assert.equal(parts.platformName(name), name);
    const title = { id: "xs1", title: "Up", kind: "movie", year: 2009, platform: name, genres: [name], score: 3 };
    const text = parts.card({ ...title, also_on: [{ id: "ys1", platform: name }] }).text;
    assert.equal(text.split(name).length, 4, text);
  }
});

test("a text has only the keys and the values that it was given", () => {
  for (const name of NAMES) {
    assert.equal(i18n.t(name), name);
    assert.equal(i18n.t(`{${name}}`), `{${name}}`);
    assert.deepEqual(i18n.sentence(`{${name}}`, {}), ["", `{${name}}`, ""]);
    assert.equal(i18n.own({}, name), undefined);
    assert.equal(i18n.own({ [name]: 1 }, name), 1);
  }
});

test("known ways to look a name up on an object's prototype do not occur", () => {
  for (const file of readdirSync(site).filter((name) => name.endsWith(".js"))) {
    const code = readFileSync(join(site, file), "utf8").replace(/^\s*(\/\/|\/?\*).*$/gm, "").replace(/"[^"\n]*"/g, '""');
    for (const [index, line] of code.split("\n").entries()) {
      const at = `${file}:${index + 1}: ${line.trim()}`;
      // Keys of the keyboard are the browser's.
      assert.doesNotMatch(line, /\}\[(?!event\.key\])/, at);
      assert.doesNotMatch(line, /\b[A-Z]{2,}S\[(?!\w*(unit|at|i)\b)/, at);
      assert.doesNotMatch(line.replace(/\(const \w+ in /, ""), /[\w)] in [\w(]/, at);
    }
  }
});
