// The pages of a service that answers nobody about its users, and of one that answers users about themselves.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, serve, sound, visit, words } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const of = (setting) => serve(process.env.STORE, ["--personal-routes", ...setting]);

for (const [language, size] of [["en", "desktop"], ["es", "phone"]]) {
  const say = words[language];

  describe(`${language}, ${size}, personal routes`, () => {
    test("off: nothing invites to ask about users", async () => {
      const server = await of(["off"]);
      const { page, go, end } = await visit(browser, server.url, language, size, { expected: [403] });
      try {
        await page.locator("html[data-personal=off]").waitFor();
        const users = page.locator("#nav [data-page=user]");
        assert.equal(await users.isVisible(), false);
        const title = await page.locator(".strip > li").first().getAttribute("data-id");
        await go(`#/title/${title}`);
        await page.getByRole("heading", { name: say["title.similar"] }).waitFor();
        assert.equal(await page.getByText(say["title.ask"]).isVisible(), false);
        for (const path of ["#/user", "#/user/1"]) {
          await go(path);
          await page.locator(".of-nobody").getByText(say["error.personal"]).waitFor();
          assert.equal(await page.locator("form.ask").isVisible(), false);
          await sound(page, language);
        }
        await end();
      } finally {
        await server.stop();
      }
    });

    test("subject: users may ask, and no id is suggested", async () => {
      const server = await of(["subject", "--subject-header", "x-user"]);
      const { page, go, end } = await visit(browser, server.url, language, size, { expected: [403] });
      try {
        await page.locator("html[data-personal=subject]").waitFor();
        await go("#/user");
        await page.locator("form.ask input").waitFor();
        assert.equal(await page.getByText(say["user.try"], { exact: false }).last().isVisible(), false);
        await go("#/user/1");
        await page.locator(".halves").getByText(say["error.personal"]).first().waitFor();
        await sound(page, language);
        await end();
      } finally {
        await server.stop();
      }
    });
  });
}
