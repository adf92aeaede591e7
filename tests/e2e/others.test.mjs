// The pages that the site links to: the API's own page, and the full data report.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, serve, SIZES, sound, visit } from "./browser.mjs";

let server;
let browser;
before(async () => {
  [server, browser] = await Promise.all([serve(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const size of Object.keys(SIZES)) {
  describe(size, () => {
    test("the API's own page is tried by keyboard alone", async () => {
      const { page, end } = await visit(browser, server.url, "en", size, { path: "docs", expected: [404] });
      await page.locator("details").first().waitFor();
      const { paths } = await (await fetch(`${server.url}openapi.json`)).json();
      // Pages and their files cannot be tried.
      const tried = Object.values(paths).flatMap((methods) => Object.values(methods)).filter((said) => said.responses[200].content["application/json"]);
      assert.equal(await page.locator("summary .method").count(), tried.length, "every route has its part");
      await sound(page, "en");

      // Tab to the route, into its form, and to the answer.
      const summary = page.locator("#CountPlatform > summary");
      await page.keyboard.press("Tab");
      assert.ok(await page.locator(".skip").evaluate((link) => link === document.activeElement), "the first stop leads past the head");
      await page.keyboard.press("Enter");
      for (let n = 0; !(await summary.evaluate((element) => element === document.activeElement)); n++) {
        assert.ok(n < 40, "the route is reached by tabs");
        await page.keyboard.press("Tab");
      }
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      const field = page.locator("#CountPlatform select");
      assert.ok(await field.evaluate((element) => element === document.activeElement), "the form is next");
      await field.selectOption("netflix");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      const answer = page.locator("#CountPlatform [role=status] pre");
      await answer.waitFor();
      const said = JSON.parse(await answer.textContent());
      assert.equal(said.platform, "netflix");
      await sound(page, "en");

      // An error is shown as the server sent it.
      await page.locator("#Title > summary").click();
      await page.locator("#Title input").fill("zz0");
      await page.locator("#Title button").click();
      await page.locator("#Title .refused").waitFor();
      await sound(page, "en");
      await end();
    });

    test("the report on the data is sound, and tells its numbers", async () => {
      const { page, end } = await visit(browser, server.url, "en", size, { path: "eda.html" });
      const { faults, tables } = await (await fetch(`${server.url}eda`)).json();
      for (const fault of faults.found) assert.ok(await page.getByText(fault.what, { exact: true }).first().isVisible(), fault.code);
      assert.equal(await page.locator("article").count(), tables.reduce((sum, table) => sum + table.columns.length, 0), "a card a column");
      await sound(page, "en");

      // Every chart names its axes, and every mark has a number.
      const drawings = await page.evaluate(() =>
        [...document.querySelectorAll("svg")].map((svg) => ({
          name: svg.getAttribute("aria-label"),
          texts: svg.querySelectorAll("text").length,
          silent: [...svg.querySelectorAll(".m")].filter((mark) => !/\d/.test(mark.dataset.t ?? "")).length,
        })),
      );
      assert.ok(drawings.length > 20, `${drawings.length} drawings`);
      for (const { name, texts, silent } of drawings) assert.ok(name && texts > 1 && silent === 0, `${name}: ${texts} texts, ${silent} silent`);

      const drawing = page.locator("svg").nth(1);
      await drawing.scrollIntoViewIfNeeded();
      await drawing.focus();
      // Scrolling hides the tip, but the scroll event comes in a later frame. Wait for it, or it would hide
      // the tip that a key shows.
      await page.evaluate(() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(told))));
      await page.keyboard.press("ArrowRight");
      const tip = page.locator("#tip");
      await tip.waitFor();
      assert.match(await tip.textContent(), /\d/);
      await page.keyboard.press("Escape");
      await tip.waitFor({ state: "hidden" });
      const mark = drawing.locator(".m").first();
      if (size === "phone") await mark.tap({ force: true });
      else await mark.hover({ force: true });
      await tip.waitFor();
      await end();
    });
  });
}
