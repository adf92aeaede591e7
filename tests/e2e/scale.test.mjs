// The pages on ratings from 1 to 10: five stars are 10, and nothing but them is called stars.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, serve, sound, visit, words } from "./browser.mjs";

let server;
let browser;
before(async () => {
  [server, browser] = await Promise.all([serve(process.env.STORE_OF_TEN), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const ask = async (path) => (await fetch(server.url + path)).json();

/** Returns the text of a key with its values, as a pattern of the whole. */
const pattern = (text, values) => new RegExp(`^${text.replace(/\{(\w+)\}/g, (_, name) => values[name])}$`);

for (const [language, size] of [["en", "desktop"], ["es", "phone"]]) {
  const say = words[language];
  const decimal = language === "en" ? "\\d+\\.\\d" : "\\d+,\\d";
  const point = (value) => value.toFixed(1).replace(".", language === "en" ? "." : ",");

  describe(`${language}, ${size}, ratings from 1 to 10`, () => {
    test("four stars are 8 of 10, and predictions are of 10", async () => {
      const { page, go, end } = await visit(browser, server.url, language, size);
      const title = page.locator(".strip > li").first();
      const stars = title.locator(".stars label");
      await stars.first().waitFor();
      const label = say["stars.of"].replace("{max}", "10");
      assert.deepEqual(await stars.allTextContents(), Array.from({ length: 10 }, (_, i) => label.replace("{n}", point(i + 1))));

      const id = await title.getAttribute("data-id");
      const sent = page.waitForRequest((request) => request.method() === "POST" && (request.postData() ?? "").includes(`"${id}"`));
      await title.locator("input").nth(7).check({ force: true });
      assert.deepEqual(JSON.parse((await sent).postData()).ratings, [{ id, rating: 8 }]);

      await page.getByText(say["home.bill.yours.one"].replace("{n}", "1")).or(page.getByText(say["home.bill.biases"])).first().waitFor();
      const predicted = await page.locator(".card .score .shown").first().getAttribute("aria-label");
      assert.match(predicted, pattern(say["title.score"], { n: decimal, max: "10" }));
      await sound(page, language);

      // A user's history and the answer for a title.
      await go("#/user/1");
      const given = await page.locator(".side .row .shown").first().getAttribute("aria-label");
      assert.match(given, pattern(say["title.rated"], { n: decimal, max: "10" }));
      const { score, threshold } = await ask(`predict?user_id=1&id=${id}`);
      assert.ok(score >= 1 && score <= 10 && threshold > 5, `${score}, ${threshold}`);
      await sound(page, language);
      await end();
    });

    test("the pages on the data and the model name the scale", async () => {
      const { page, go, end } = await visit(browser, server.url, language, size);
      await go("#/data");
      const axis = say["scale.axis"].replace("{name}", say["data.rating"]).replace("{low}", "1").replace("{high}", "10");
      await page.locator("svg text").getByText(axis, { exact: true }).waitFor();
      const unit = new RegExp(say["scale.stars"].split(" ").pop());
      assert.doesNotMatch(await page.locator("main").textContent(), unit);
      await sound(page, language);
      await go("#/queries");
      const scored = page.locator('input[name=scored][max="10"]');
      await scored.waitFor();
      assert.deepEqual([await scored.getAttribute("min"), await scored.inputValue()], ["0", "7"]);
      await go("#/model");
      await page.getByRole("heading", { level: 2, name: say["model.rating"], exact: true }).waitFor();
      assert.doesNotMatch(await page.locator("main").textContent(), unit);
      await end();
    });
  });
}

test("the report on the data is drawn on the scale from 1 to 10", async () => {
  const { page, end } = await visit(browser, server.url, "en", "desktop", { path: "eda.html" });
  const { overview, activity } = await ask("eda");
  assert.deepEqual(overview.scale, { low: 1, high: 10, liked: 8 });
  assert.deepEqual(activity.by_rating.map(({ low }) => low), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await page.locator("svg text").getByText("mean rating, 1 to 10", { exact: true }).first().waitFor();
  assert.doesNotMatch(await page.locator("body").textContent(), /\bstars\b/);
  await sound(page, "en");
  await end();
});
