// Takes the README's screenshots: `tests/e2e/run.sh --screenshots [STORE]` writes them to `screenshots/`.

import { mkdir } from "node:fs/promises";
import { launch, serve, visit, words } from "./browser.mjs";

const folder = new URL("screenshots/", import.meta.url);
await mkdir(folder, { recursive: true });
const [server, browser] = await Promise.all([serve(), launch()]);
const shot = (page, name) => page.screenshot({ path: new URL(name, folder).pathname });
const settled = (page) => page.locator(".wide .stage[aria-busy=false]").waitFor();

async function rated(page, language) {
  await page.locator(".strip > li").nth(6).waitFor();
  for (const [i, halves] of [[0, 9], [1, 10], [2, 7], [3, 8], [5, 4]]) {
    await page.locator(".strip > li").nth(i).locator("input").nth(halves - 1).check({ force: true });
  }
  // Wait until the list is based on all five ratings and no request for a newer list is under way.
  await page.getByText(words[language]["home.bill.yours.other"].replace("{n}", "5")).waitFor();
  await settled(page);
}

const desktop = await visit(browser, server.url, "en", "desktop");
// Tall enough to show the header, the ratings, and the first recommendations with their reasons.
await desktop.page.setViewportSize({ width: 1120, height: 1240 });
await rated(desktop.page, "en");
await desktop.page.locator(".strip").evaluate((strip) => (strip.scrollLeft = 0));
await desktop.page.evaluate(() => {
  document.activeElement.blur();
  scrollTo(0, 0);
});
await shot(desktop.page, "for-you.png");
await desktop.end();

const phone = await visit(browser, server.url, "es", "phone");
await rated(phone.page, "es");
await phone.page.evaluate(() => scrollTo(0, document.querySelector(".wide").offsetTop - 16));
await shot(phone.page, "for-you-phone-es.png");
await phone.end();

const queries = await visit(browser, server.url, "en", "desktop");
await queries.go("#/queries");
await queries.page.locator("form").nth(3).waitFor();
for (const button of await queries.page.locator("main form button").all()) await button.click();
await queries.page.locator(".sentence").nth(3).waitFor();
await shot(queries.page, "questions.png");
await queries.end();

const data = await visit(browser, server.url, "en", "desktop");
await data.page.setViewportSize({ width: 1120, height: 780 });
await data.go("#/data");
await data.page.locator("figure").nth(10).waitFor();
await data.page.evaluate(() => scrollTo(0, [...document.querySelectorAll("section")].find((s) => s.querySelector("figure")).offsetTop - 16));
await shot(data.page, "data.png");
await data.end();

const model = await visit(browser, server.url, "es", "desktop");
await model.page.setViewportSize({ width: 1120, height: 780 });
await model.go("#/model");
await model.page.locator("figure").nth(1).waitFor();
await model.page.evaluate(() => scrollTo(0, [...document.querySelectorAll("section")].find((s) => s.querySelector("figure")).offsetTop - 16));
await shot(model.page, "model-es.png");
await model.end();

await browser.close();
await server.stop();
