// Each path through the pages, in both languages, on a desktop in light mode and on a phone in dark mode.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, serve, SIZES, sound, visit, words } from "./browser.mjs";

const LIMIT = 100_000;

let server;
let browser;
/** Whether the store's model knows tastes: with biases only, everyone gets the same order and no reasons. */
let tastes;
/** Whether a ranking model orders lists. */
let ranks;
/** Whether ratings below a like change that order. */
let everyStar;
/** A title without ratings that is placed by the catalog, if the store has one. */
let cold;

const ask = async (path) => (await fetch(server.url + path)).json();

/** Finds the first title without ratings, which come last, that has factors all the same. */
async function findCold() {
  for (let cursor = ""; cursor !== null; ) {
    const { titles, next_cursor } = await ask(`titles?limit=100&cursor=${cursor}`);
    for (const title of titles.filter(({ n_ratings }) => n_ratings === 0)) {
      const { strategy } = await ask(`similar/${title.id}`);
      if (strategy === "factors") return title;
    }
    cursor = next_cursor;
  }
  return undefined;
}

before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
  const { strategy } = await ask("recommendations/1?n=1");
  tastes = strategy !== "biases";
  ranks = strategy === "ranking";
  everyStar = ranks && (await ask("model")).ranking.values?.slope > 0;
  cold = await findCold();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Returns a title of the strip, to search for. */
const known = async (page, i = 0) => {
  const link = page.locator(".strip > li .name a").nth(i);
  return { name: await link.textContent(), id: (await link.getAttribute("href")).split("/").pop() };
};

/** Gives stars to a title of the strip. */
const rate = (page, i, halves) => page.locator(".strip > li").nth(i).locator("input").nth(halves - 1).check({ force: true });

/** Returns a promise, and the function that resolves it. */
function gate() {
  let open;
  const promise = new Promise((resolve) => (open = resolve));
  return { promise, open };
}

/** Waits for the answer to a list request with a word in its address or body. The list is busy until drawn. */
const listed = (page, word) =>
  page.waitForResponse((response) => {
    const request = response.request();
    return request.url().includes("/recommendations") && (request.url().includes(word) || (request.postData() ?? "").includes(word));
  });

const settled = (page) => page.locator(".wide .stage[aria-busy=false]").waitFor();

async function choose(page, field, q) {
  await field.fill(q);
  await page.locator("[role=option]").first().waitFor();
  await field.press("ArrowDown");
  const option = page.locator("[role=option][aria-selected=true]");
  assert.equal(await field.getAttribute("aria-activedescendant"), await option.getAttribute("id"));
  const name = await option.locator(".name").textContent();
  await field.press("Enter");
  return name;
}

/** Returns the chart with a title. */
const chart = (page, title) => page.locator("figure").filter({ has: page.getByText(title, { exact: true }) }).locator("svg");

/** Checks that the marks of a chart show their numbers to a pointer and to arrow keys. */
async function tells(page, drawing) {
  const tip = page.locator("#tip");
  await drawing.scrollIntoViewIfNeeded();
  await drawing.focus();
  await page.keyboard.press("ArrowRight");
  const first = await tip.textContent();
  assert.match(first, /\d/);
  await page.keyboard.press("ArrowLeft");
  assert.match(await tip.textContent(), /\d/);
  await page.keyboard.press("Escape");
  await tip.waitFor({ state: "hidden" });
  const mark = drawing.locator(".m").first();
  await mark.hover({ force: true });
  await tip.waitFor();
  assert.match(await tip.textContent(), /\d/);
}

for (const language of ["en", "es"]) {
  const say = words[language];
  /** The text above the list of a visitor who rated `n` titles. */
  const made = (n) => (tastes ? say[`home.bill.yours.${n === 1 ? "one" : "other"}`].replace("{n}", n) : say["home.bill.biases"]);
  for (const size of Object.keys(SIZES)) {
    describe(`${language}, ${size}`, () => {
      const open = (options) => visit(browser, server.url, language, size, options);

      test("the first paint is light, and says what to do", async () => {
        const { page, end } = await open();
        await page.locator(".card").first().waitFor();
        assert.equal(await page.locator("h1").textContent(), say["home.heading"]);
        assert.ok((await page.title()).startsWith(say["home.heading"]));
        await page.getByText(say["home.bill.popular"]).waitFor();
        // Everything requested so far, including the first answers of the API, before any compression.
        const bytes = await page.evaluate(() => performance.getEntries().reduce((sum, entry) => sum + (entry.decodedBodySize ?? 0), 0));
        assert.ok(bytes > 10_000 && bytes < LIMIT, `${bytes} bytes`);
        const later = await page.evaluate(() => performance.getEntries().filter((e) => /(charts|data|model|queries|later)\.js$/.test(e.name)).length);
        assert.equal(later, 0, "what later pages need is loaded later");
        await sound(page, language);
        await end();
      });

      test("five ratings change the list, and each suggestion says why", async () => {
        const { page, end } = await open();
        await settled(page);
        await page.locator(".strip > li").nth(5).waitFor();
        const before = await page.locator(".cards h3 a").allTextContents();
        for (const [i, halves] of [[0, 9], [1, 10], [2, 7], [3, 2], [4, 8]]) await rate(page, i, halves);
        await page.getByText(made(5)).waitFor();
        assert.equal(await page.getByText(say["home.bill.stars"]).count(), ranks ? 1 : 0);
        await settled(page);
        assert.notDeepEqual(await page.locator(".cards h3 a").allTextContents(), before);
        const n_cards = await page.locator(".card").count();
        assert.ok(n_cards >= 5, `${n_cards} cards`);
        assert.equal(await page.locator(".card .why").count(), tastes ? n_cards : 0, "each says why");
        if (tastes) {
          assert.equal(await page.locator(".why .because").first().textContent(), say[ranks ? "why.liked" : "why.because"]);
          const value = await page.locator(".why meter").first().evaluate((meter) => meter.value);
          assert.ok(value > 0 && value <= 1);
        }
        await sound(page, language);

        // Ratings survive a reload, and are gone once deleted.
        await page.reload();
        assert.equal(await page.locator(".yours .row").count(), 5);
        page.once("dialog", (dialog) => dialog.accept());
        await page.getByRole("button", { name: say["home.clear"] }).click();
        await page.getByText(say["home.yours.empty"]).waitFor();
        await page.getByText(say["home.bill.popular"]).waitFor();
        assert.equal(await page.evaluate(() => localStorage.getItem("cartelera.ratings.1")), "[]");
        await end();
      });

      test("every star of a single rating changes the list, and the page says so", async () => {
        const { page, end } = await open();
        await settled(page);
        const lists = [];
        for (const halves of [2, 5, 7]) {
          const rated = listed(page, `"rating":${halves / 2}}`);
          await rate(page, 0, halves);
          await rated;
          await settled(page);
          lists.push((await page.locator(".cards h3 a").allTextContents()).join("\n"));
        }
        const [popular, personal] = [say["home.bill.popular"], made(1)];
        const expected = everyStar ? `${personal} ${say["home.bill.stars"]}` : ranks ? popular : personal;
        assert.equal((await page.locator(".wide > .lead").textContent()).trim(), expected);
        if (everyStar) assert.equal(new Set(lists).size, lists.length, lists.join("\n\n"));
        await end();
      });

      test("a title is found and rated by keyboard alone", async () => {
        const { page, end } = await open();
        const { name } = await known(page);
        const field = page.getByRole("combobox", { name: say["search.label"] });
        await field.fill(name.slice(0, 5).toLowerCase());
        await page.locator("[role=option]").first().waitFor();
        assert.equal(await field.getAttribute("aria-expanded"), "true");
        await sound(page, language);
        await field.press("Escape");
        assert.equal(await field.getAttribute("aria-expanded"), "false");
        const chosen = await choose(page, field, name);
        const group = page.locator(".yours").getByRole("group", { name: say["stars.legend"].replace("{title}", chosen) });
        await page.getByText(say["home.yours.pending"]).waitFor();
        assert.ok(await group.locator("input").first().evaluate((input) => input === document.activeElement), "the stars have the focus");
        for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowRight");
        assert.equal(await group.locator("input:checked").inputValue(), "4.5");
        await page.getByText(made(1)).waitFor();
        await settled(page);
        // A recommended title that the visitor has seen is rated in the same way.
        await page.getByRole("button", { name: say["title.seen"] }).first().click();
        assert.equal(await page.locator(".yours .row").count(), 2);
        assert.ok(await page.locator(".yours .row.unrated input").first().evaluate((input) => input === document.activeElement));
        await page.locator(".row .remove").first().click();
        assert.equal(await page.locator(".yours .row").count(), 1);
        await sound(page, language);
        await end();
      });

      test("a rated title that the release does not have is left out", async () => {
        const { page, end } = await open({ expected: [404] });
        await page.evaluate(() => {
          const gone = { id: "zz0", title: "Gone", platform: "netflix", kind: "movie", year: null, genres: [], rating: 4 };
          localStorage.setItem("cartelera.ratings.1", JSON.stringify([gone, { id: 7 }, null]));
        });
        await page.reload();
        await page.getByText(say["home.gone.one"].replace("{n}", "1")).waitFor();
        assert.equal(await page.locator(".yours .row").count(), 1);
        await page.locator(".card").first().waitFor();
        await end();
      });

      test("an answer that comes too late is dropped, and one without titles says so", async () => {
        const { page, end } = await open();
        const { name } = await known(page);
        const slow = `**/titles?q=${name.slice(0, 2).toLowerCase()}&*`;
        const [held, served] = [gate(), gate()];
        const asked = page.waitForRequest(slow);
        await page.route(slow, async (route) => {
          await held.promise;
          // It was aborted, or is answered now.
          await route.continue().catch(() => {});
          served.open();
        });
        const field = page.getByRole("combobox");
        await field.fill(name.slice(0, 2).toLowerCase());
        await asked;
        await field.fill("qqzzxxqqzz");
        await page.locator(".note").getByText("qqzzxxqqzz").waitFor();
        held.open();
        await served.promise;
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
        assert.equal(await page.locator("[role=option]").count(), 0);
        await end();
      });

      test("filters narrow the list", async () => {
        const { page, end } = await open({ expected: [400] });
        await settled(page);
        await page.locator(".filters summary").click();
        const series = listed(page, "series");
        await page.getByRole("radio", { name: say["kinds.series"], exact: true }).check();
        await page.getByText(say["filters.on.one"].replace("{n}", "1")).waitFor();
        await series;
        await settled(page);
        for (const meta of await page.locator(".card .meta").allTextContents()) assert.ok(meta.startsWith(say["kind.series"]), meta);
        // Several platforms are one filter.
        for (const name of ["Netflix", "Hulu"]) await page.getByRole("checkbox", { name, exact: true }).check();
        await page.getByRole("slider", { name: say["filters.diversity"] }).fill("0.6");
        const since = listed(page, "2015");
        await page.getByLabel(say["filters.year_from"], { exact: true }).fill("2015");
        await page.getByText(say["filters.on.other"].replace("{n}", "4")).waitFor();
        const sent = (await since).request().postDataJSON();
        assert.deepEqual(sent.platform, ["netflix", "hulu"]);
        await settled(page);
        for (const meta of await page.locator(".card .meta").allTextContents()) {
          assert.ok(/Netflix|Hulu/.test(meta) && Number(/\d{4}/.exec(meta)[0]) >= 2015, meta);
        }
        const either = listed(page, '"genre":["drama","comed"]');
        for (const stem of ["drama", "comed"]) await page.getByRole("checkbox", { name: say[`genre.${stem}`], exact: true }).check();
        const n_either = (await (await either).json()).recommendations.length;
        const comedies = listed(page, '"genre":["comed"]');
        await page.getByRole("checkbox", { name: say["genre.drama"], exact: true }).uncheck();
        const n_comedies = (await (await comedies).json()).recommendations.length;
        assert.ok(n_either >= n_comedies && n_comedies > 0, `${n_either} titles of either genre, ${n_comedies} comedies`);
        await page.getByText(say["filters.on.other"].replace("{n}", "5")).waitFor();
        await settled(page);
        await sound(page, language);
        await page.getByLabel(say["filters.year_to"], { exact: true }).fill("1990");
        await page.getByText(say["error.invalid"]).waitFor();
        await sound(page, language);
        await page.getByRole("button", { name: say["filters.clear"] }).click();
        assert.equal(await page.locator(".filters input:checked:not([value=''])").count(), 0);
        await settled(page);
        await page.locator(".card").first().waitFor();
        await end();
      });

      test("a user has a history, a list, and an answer for any title", async () => {
        const { page, go, end } = await open({ expected: [404] });
        const { name } = await known(page);
        await go("#/user");
        await page.getByLabel(say["user.id"]).fill("1");
        await page.getByRole("button", { name: say["user.go"] }).click();
        await page.getByRole("heading", { level: 1, name: say["user.of"].replace("{id}", "1") }).waitFor();
        await page.locator(".side .row").first().waitFor();
        await page.locator(tastes ? ".card .why" : ".card").first().waitFor();
        await page.getByText(say["user.list.model"]).waitFor();
        const n_rows = await page.locator(".side .row").count();
        const more = page.getByRole("button", { name: say["list.more"] });
        if (await more.count()) {
          await more.click();
          await page.locator(".side .row").nth(n_rows).waitFor();
        }
        await choose(page, page.getByRole("combobox"), name);
        await page.locator(".verdict").waitFor();
        const [yes, no] = ["user.answer.yes", "user.answer.no"].map((key) => say[key].split("{")[0]);
        const said = await page.locator(".verdict p").last().textContent();
        assert.ok(said.startsWith(yes) || said.startsWith(no), said);
        await sound(page, language);

        await go("#/user/nobody-of-that-name");
        await page.getByText(say["user.history.none"]).waitFor();
        await page.getByText(say["user.list.popular"]).waitFor();
        await choose(page, page.getByRole("combobox"), name);
        await page.locator(".verdict").waitFor();
        assert.match(await page.locator(".verdict p").last().textContent(), new RegExp(`^${say["user.answer.unknown"].split("{")[0]}`));
        await sound(page, language);
        await end();
      });

      test("a title has others like it, and suits a user or not", async () => {
        const { page, go, end } = await open({ expected: [404] });
        const { name, id } = await known(page);
        await go(`#/title/${id}`);
        await page.getByRole("heading", { level: 1, name }).waitFor();
        await page.locator(".card").first().waitFor();
        assert.equal(await page.title(), `${name} · Cartelera`);
        await page.locator(".hero input").nth(6).check({ force: true });
        await page.getByLabel(say["user.id"]).fill("1");
        await page.getByRole("button", { name: say["queries.ask"] }).click();
        await page.locator(".verdict").waitFor();
        await sound(page, language);
        await page.getByRole("link", { name: say["title.back"] }).click();
        await page.locator(".yours .row").waitFor();
        if (cold) {
          await go(`#/title/${cold.id}`);
          await page.getByText(say["title.similar.cold"]).waitFor();
        }
        await go("#/title/zz0");
        await page.getByText(say["error.missing"]).waitFor();
        await sound(page, language);
        await end();
      });

      test("the four questions are answered in sentences", async () => {
        const { page, go, end } = await open({ expected: [404] });
        await go("#/queries");
        await page.getByRole("heading", { level: 1, name: say["queries.heading"] }).waitFor();
        for (const [i, key] of ["queries.longest", "queries.score", "queries.count", "queries.actor"].entries()) {
          const panel = page.getByRole("region", { name: say[key] });
          if (i > 0) await panel.getByRole("combobox").selectOption("netflix");
          await panel.getByRole("button").click();
          await panel.locator(".sentence").waitFor();
          const said = await panel.locator(".sentence").textContent();
          assert.match(said, /\d.*\.$/, said);
          assert.ok(!said.includes("{"), said);
        }
        await page.getByRole("region", { name: say["queries.longest"] }).getByRole("spinbutton").fill("1800");
        await page.getByRole("region", { name: say["queries.longest"] }).getByRole("button").click();
        await page.getByText(say["queries.none"]).waitFor();
        await sound(page, language);
        await end();
      });

      test("the model says what it is, how good, and what was tried", async () => {
        const { page, end } = await open();
        await page.getByRole("link", { name: say["nav.model"], exact: true }).click();
        await page.getByRole("heading", { level: 1, name: say["model.heading"] }).waitFor();
        await page.getByText(say["model.release"], { exact: true }).waitFor();
        const { rating, ranking, signal, measures, rating_trials: trials, release } = await (await fetch(`${server.url}model`)).json();
        await page.getByText(release).waitFor();
        const of = (model, heldOut, tuned) =>
          measures.find((m) => m.model === model && m.held_out === heldOut && (tuned === undefined || m.tuned === tuned)).measures;
        // Each verdict is a sentence in the page's language, with the release's figures.
        const figure = (value) => new Intl.NumberFormat(language, { minimumFractionDigits: 4, maximumFractionDigits: 4 }).format(value);
        for (const [heading, figures] of [
          ["model.signal", [signal.rmse, signal.twin_rmse, signal.gain, signal.gain_low, signal.gain_high]],
          ["model.rating", [of(rating.algorithm, "random", true).rmse, of("biases", "random", false).rmse]],
          ["model.ranking", [ranking.algorithm, "popularity"].map((model) => of(model, "users")["ndcg@100_all"])],
        ]) {
          const sentence = page.getByRole("region", { name: say[heading] }).locator(".sentence");
          const said = await sentence.textContent();
          for (const value of figures) assert.ok(said.includes(figure(value)), `${figure(value)} in ${said}`);
          assert.equal(await sentence.getAttribute("lang"), null, `${said} is of this page's language`);
        }
        for (const [key, heldOut] of [["model.rmse", "random"], ["model.rmse.latest", "chronological"]]) {
          const measured = measures.filter((m) => m.held_out === heldOut && "rmse" in m.measures);
          assert.equal(await chart(page, say[key]).locator(".m").count(), measured.length);
        }
        const reached = trials.filter((trial) => Number.isFinite(trial.score));
        if (reached.length > 1) {
          const plot = chart(page, say["model.rating_trials"]);
          assert.equal(await plot.locator(".m").count(), reached.length);
          await tells(page, plot);
        }
        await page.getByRole("region", { name: say["model.artifacts"] }).getByRole("row").nth(5).waitFor();
        await sound(page, language);
        await end();
      });

      test("the data are drawn, and every number is a hover, a tap or a key away", async () => {
        const { page, end } = await open();
        await page.getByRole("link", { name: say["nav.data"], exact: true }).click();
        await page.getByRole("heading", { level: 1, name: say["data.heading"] }).waitFor();
        const { overview, faults, catalog, activity } = await (await fetch(`${server.url}eda`)).json();
        await page.getByText(new Intl.NumberFormat(language).format(overview.ratings), { exact: true }).first().waitFor();
        const rows = page.getByRole("region", { name: say["data.faults"] }).getByRole("row");
        assert.equal(await rows.count(), faults.found.length + 1);
        const drawn = [
          ["data.by_platform", catalog.by_platform.rows.length],
          ["data.overlap", catalog.overlap.rows.length ** 2],
          ["data.by_rating", activity.by_rating.length],
          ["data.points", activity.points.length],
          ["data.cold", activity.cold.length],
        ];
        for (const [key, n_marks] of drawn) {
          assert.equal(await chart(page, say[key]).locator(".m").count(), n_marks, key);
        }
        for (const key of ["data.by_platform", "data.points"]) await tells(page, chart(page, say[key]));
        const figure = page.locator("figure").filter({ has: page.getByText(say["data.by_rating"], { exact: true }) });
        await figure.getByText(say["chart.numbers"]).click();
        assert.equal(await figure.getByRole("row").count(), activity.by_rating.length + 1);
        await sound(page, language);
        await end();
      });

      test("pages without their API say where to find it", async () => {
        const { page, go, end } = await open({ expected: [404] });
        // As at the URL of the function that serves the pages, where no other path exists.
        await page.route(new RegExp(`^${server.url}(titles|recommendations|model|health|eda)`), (route) => route.fulfill({ status: 404, body: "" }));
        await page.reload();
        await page.getByText(say["error.route"]).first().waitFor();
        await sound(page, language);
        for (const hash of ["#/model", "#/data"]) {
          await go(hash);
          await page.locator(".trouble").getByText(say["error.route"]).waitFor();
        }
        await sound(page, language);
        await end();
      });

      test("the language is changed by hand, and kept", async () => {
        const { page, end } = await open();
        const other = language === "en" ? "es" : "en";
        await page.getByRole("button", { name: other === "es" ? "Español" : "English" }).click();
        assert.equal(await page.locator("h1").textContent(), words[other]["home.heading"]);
        await page.reload();
        assert.equal(await page.locator("h1").textContent(), words[other]["home.heading"]);
        await page.locator(".card").first().waitFor();
        await sound(page, other);
        await end();
      });

      test("without a connection the page says so, and tries again", async () => {
        const { page, end } = await open({ expected: ["ERR_INTERNET_DISCONNECTED"] });
        await settled(page);
        await page.locator(".strip > li").first().waitFor();
        await page.context().setOffline(true);
        await rate(page, 0, 10);
        await page.getByText(say["error.offline"]).waitFor();
        await sound(page, language);
        await page.context().setOffline(false);
        await page.getByRole("button", { name: say["error.again"] }).click();
        await page.getByText(made(1)).waitFor();
        await page.locator(".card").first().waitFor();
        await end();
      });

      test("every address leads somewhere, and the focus goes with it", async () => {
        const { page, go, end } = await open();
        await go("#/nowhere");
        await page.getByRole("heading", { name: say["page.missing"] }).waitFor();
        assert.ok(await page.locator("h1").evaluate((h) => h === document.activeElement));
        await sound(page, language);
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: say["home.heading"] }).waitFor();
        await page.locator(".skip").focus();
        await page.keyboard.press("Enter");
        assert.ok(await page.evaluate(() => document.activeElement.id === "main"));
        await page.locator(".card").first().waitFor();
        await end();
      });
    });
  }
}
