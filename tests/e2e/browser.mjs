// A server, a browser, and the checks that every page must pass.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

/** Imports a module of the pages, as text, because no package.json marks the file as a module. */
async function siteModule(name) {
  const text = await readFile(new URL(`../../shared/api/site/${name}`, import.meta.url));
  return import(`data:text/javascript;base64,${text.toString("base64")}`);
}

/** The texts of the pages, in both languages. */
export const { words, learn } = await siteModule("i18n.js");
learn((await siteModule("i18n.later.js")).more);

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The screens that the pages are tested on: one in light mode, one in dark mode. */
export const SIZES = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  phone: { viewport: { width: 400, height: 800 }, colorScheme: "dark", isMobile: true, hasTouch: true },
};

/**
 * Returns the address of the server, and how to stop it: the one at ADDRESS, or else a
 * new `cartelera serve` of the store on a free port, with further options.
 */
export async function serve(store = process.env.STORE, options = []) {
  if (process.env.ADDRESS) return { url: process.env.ADDRESS, stop: async () => {} };
  const program = process.env.CARTELERA;
  assert.ok(program && store, "CARTELERA names the program, STORE and STORE_OF_TEN the stores: see run.sh");
  const child = spawn(program, ["serve", "--store", store, "--port", "0", "--no-log", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (piece) => {
      said += piece;
      const found = /^listening on (\S+)$/m.exec(said);
      if (found) resolve(`${found[1]}/`);
    });
    child.on("exit", (code) => reject(new Error(`${program} serve ended with ${code}: ${said}`)));
  });
  return { url, stop: () => new Promise((resolve) => child.once("exit", resolve) && child.kill("SIGTERM")) };
}

/** Starts the system's Chromium. */
export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/**
 * Opens a page. Every console error, policy violation and request to another origin is a fault. `expected` lists
 * the HTTP statuses that the test causes on purpose, because browsers log those as errors too.
 */
export async function visit(browser, url, language, size, { expected = [], path = "" } = {}) {
  const context = await browser.newContext({ ...SIZES[size], locale: language === "es" ? "es-ES" : "en-GB", reducedMotion: "reduce" });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const status = /status of (\d+)|net::(ERR_\w+)/.exec(message.text());
    if (status && expected.map(String).includes(status[1] ?? status[2])) return;
    faults.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => faults.push(error.stack));
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) faults.push(`asks ${request.url()}`);
  });
  // Policy violations that browsers do not log, such as report-only ones.
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  await page.goto(url + path);
  return {
    page,
    go: async (hash) => {
      await page.evaluate((to) => (location.hash = to), hash);
    },
    end: async () => {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

/**
 * Checks a page: no serious finding of axe-core (contrast, names, labels, sizes of targets and more), not wider
 * than the screen, headings in order, the right language, and a title and a description.
 */
export async function sound(page, language) {
  await page.locator("[aria-busy=true], .waiting").waitFor({ state: "detached" }).catch(() => {});
  const known = await page.evaluate(() => "axe" in globalThis);
  // Through the debugger: the policy would refuse a script in the page.
  if (!known) await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const options = { resultTypes: ["violations"] };
    const { violations } = await globalThis.axe.run(document, options);
    // Half stars are next to each other like the stops of a slider, and arrow keys move them too.
    // Everything else must fit a finger.
    const targets = await globalThis.axe.run({ exclude: [[".track"]] }, { ...options, runOnly: ["target-size"] });
    return [...violations, ...targets.violations]
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
  });
  assert.deepEqual(found, []);
  const shape = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: [...document.querySelectorAll("h1, h2, h3")].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1])),
    viewport: document.querySelector("meta[name=viewport]")?.content ?? "",
    description: document.querySelector("meta[name=description]")?.content ?? "",
    title: document.title,
    unnamed: [...document.querySelectorAll("main *")].filter((e) => e.children.length === 0 && e.tagName !== "CODE" && /^[a-z]+\.[a-z_.]+$/.test(e.textContent.trim())).length,
  }));
  assert.equal(shape.lang, language);
  assert.equal(shape.wider, 0, "the page is no wider than the screen");
  assert.equal(shape.unnamed, 0, "no key stands where words should");
  assert.ok(shape.viewport.includes("width=device-width") && !/maximum-scale|user-scalable/.test(shape.viewport), "a phone may show it and enlarge it");
  assert.ok(shape.description.length >= 40, "a description for search engines");
  assert.ok(shape.title.length > 0, "a title");
  assert.equal(shape.headings.filter((level) => level === 1).length, 1, "one first heading");
  shape.headings.forEach((level, i) => assert.ok(level <= (shape.headings[i - 1] ?? 0) + 1, `headings go ${shape.headings}`));
}
