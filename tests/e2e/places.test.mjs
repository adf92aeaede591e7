// One path through each page of the server at ADDRESS, whether it serves a folder, S3 or functions.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, serve, visit, words } from "./browser.mjs";

let server;
let browser;
before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const [language, size] of [["en", "desktop"], ["es", "phone"]]) {
  const say = words[language];
  describe(`${language}, ${size}`, () => {
    test("every page of the site works", async () => {
      const { page, go, end } = await visit(browser, server.url, language, size);
      await page.locator(".strip > li").nth(5).waitFor();
      for (const [i, halves] of [[0, 9], [1, 10], [2, 4]]) await page.locator(".strip > li").nth(i).locator("input").nth(halves - 1).check({ force: true });
      await page.getByText(say["home.bill.yours.other"].replace("{n}", "3")).or(page.getByText(say["home.bill.biases"])).waitFor();
      await page.locator(".card").first().waitFor();
      const link = page.locator(".strip > li .name a").first();
      const name = await link.textContent();
      await page.getByRole("combobox").fill(name.slice(0, 6));
      await page.locator("[role=option]").first().waitFor();
      await page.keyboard.press("Escape");
      await link.click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
      await page.locator(".card").first().waitFor();

      await go("#/user/1");
      await page.locator(".side .row").first().waitFor();
      await page.locator(".card").first().waitFor();

      await go("#/queries");
      const panel = page.getByRole("region", { name: say["queries.count"] });
      await panel.getByRole("combobox").selectOption("netflix");
      await panel.getByRole("button").click();
      await panel.locator(".sentence").waitFor();

      await go("#/data");
      await page.locator("figure").nth(10).waitFor();
      await go("#/model");
      await page.locator("figure").first().waitFor();
      await page.getByRole("region", { name: say["model.artifacts"] }).getByRole("row").nth(2).waitFor();
      await end();
    });

    test("the API's own page and the report are there", async () => {
      const docs = await visit(browser, server.url, language, size, { path: "docs" });
      await docs.page.locator("#Health > summary").click();
      await docs.page.locator("#Health button").click();
      const answer = docs.page.locator("#Health [role=status] pre");
      await answer.waitFor();
      assert.equal(JSON.parse(await answer.textContent()).status, "ok");
      await docs.end();
      const report = await visit(browser, server.url, language, size, { path: "eda.html" });
      await report.page.locator("svg").nth(20).waitFor();
      await report.end();
    });
  });
}
