-- serve: its status page, in a real Chromium.
local browser = require "spec.support.browser"
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing() or browser.why_not()
if missing then
  pending("the status page in a browser: " .. missing)
  return
end

describe("the status page", function()
  local e, s, b

  setup(function()
    e = emulator.start { plain = true }
    s = serve.start(e)
    b = browser.start { locale = "en", viewport = { width = 1180,
      height = 800 } }
  end)
  teardown(function()
    b:stop()
    s:stop()
    e:stop()
  end)

  local function open(query)
    return b:run([[
      state.errors.length = 0;
      const response = await page.goto(args.url);
      return { status: response.status(), headers: response.headers(),
        size: (await response.body()).length,
        text: await page.locator("body").innerText() }]],
      { url = s.rest_url .. "/" .. (query or "?pause") })
  end

  -- The page, once it has that text.
  local function shown(text)
    assert(process.eventually(function()
      local _, _, _, html = s:rest("GET", "/", { headers = {
        Accept = "text/html" } })
      return html:gsub("<[^>]*>", ""):find(text, 1, true)
    end), text)
    local seen = open()
    assert.is_truthy(seen.text:find(text, 1, true))
    return seen
  end

  it("shows the token's life, what callers got, and versions", function()
    assert.equal(200, open().status)
    shown "No token yet"
    local token = s:token()
    for _ = 1, 4 do
      s:token()
    end
    s:rest("PUT", "/oauth2/v1/token")
    local seen = shown "5 answered"
    assert.is_truthy(seen.text:find "Token in use")
    assert.is_truthy(shown("1 refused (4xx)").text:find "1 renewed")
    assert.is_truthy(seen.text:find "nginx\n+%d+%.%d+%.%d+")
    assert.is_true(seen.size < 60000)
    assert.is_nil(b:run("return await page.content()"):find(token, 1, true))
    -- The style sheet was accepted, and nothing was refused.
    assert.same({}, b:run "return state.errors")
    assert.equal("grid", b:run [[return await page.evaluate(() =>
      getComputedStyle(document.querySelector("main")).display)]])
  end)

  it("shows errors by their kind, and credentials that are held back",
    function()
      e:config { status = 401 }
      assert.equal(401, (s:rest("POST", "/oauth2/v1/refreshaccesstoken")))
      local seen = shown "Credentials held back"
      assert.is_truthy(shown("credentials refused").text:find "auth\n")
      assert.is_truthy(seen.text:find "Correct them")
      e:reset()
    end)

  it("is asked for again by itself, until that is paused by keyboard",
    function()
      open "?"
      assert.equal("15", b:run [[return await page.locator(
        "meta[http-equiv=refresh]").getAttribute("content")]])
      b:run [[
        // It may be asked for again in between, and the focus is lost.
        const name = () => page.evaluate(() =>
          document.activeElement.textContent).catch(() => "");
        for (let i = 0; i < 99 && !page.url().endsWith("?pause"); i++) {
          await page.keyboard.press("Tab");
          if (await name() !== "Pause") continue;
          await page.keyboard.press("Enter");
          await page.waitForURL(/\?pause$/, { timeout: 10000 })
            .catch(() => {});
        }]]
      assert.matches("%?pause$", b:run "return page.url()")
      assert.equal(0, b:run
        [[return await page.locator("meta[http-equiv=refresh]").count()]])
    end)

  it("opens its tables by keyboard", function()
    open()
    assert.is_true(b:run [[
      await page.locator("summary").first().focus();
      await page.keyboard.press("Enter");
      return await page.locator("details").first().evaluate(
        (one) => one.open && one.querySelectorAll("tbody tr").length > 0)]])
  end)

  it("fits narrow screens, in light and dark", function()
    local colours = {}
    for _, scheme in ipairs { "light", "dark" } do
      local seen = b:run([[
        await page.emulateMedia({ colorScheme: args.scheme });
        await page.setViewportSize({ width: 320, height: 640 });
        await page.goto(args.url);
        return await page.evaluate(() => ({
          wide: document.documentElement.scrollWidth,
          colour: getComputedStyle(document.body).backgroundColor }))]],
        { scheme = scheme, url = s.rest_url .. "/?pause" })
      assert.is_true(seen.wide <= 320, seen.wide)
      colours[scheme] = seen.colour
    end
    assert.not_equal(colours.light, colours.dark)
  end)

  it("gives a page of another site nothing", function()
    local evil = nginx.start { server = "location = /evil { default_type "
      .. 'text/html; return 200 "<title>evil</title>"; }' }
    finally(function()
      evil:stop()
    end)
    local seen = b:run([[
      const other = await context.newPage();
      await other.goto(args.evil);
      const tried = await other.evaluate(async (url) => {
        const html = { Accept: "text/html" };
        const get = (mode) => fetch(url, { mode, headers: html }).then(
          async (r) => r.type + await r.text(), () => "refused");
        return { read: await get("cors"), blind: await get("no-cors") };
      }, args.url);
      await other.evaluate((url) => new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.src = url;
        frame.onload = done;
        document.body.append(frame);
      }), args.url);
      tried.frame = await other.frames()[1].content();
      // A visit shows it, and the other page gets no hand on its window.
      const [popup] = await Promise.all([context.waitForEvent("page"),
        other.evaluate((url) => { window.hand = open(url); }, args.url)]);
      await popup.waitForURL(args.url);
      tried.visit = await popup.title();
      tried.closed = await other.evaluate(() => window.hand.closed);
      await popup.close();
      await other.close();
      return tried;]], { url = s.rest_url .. "/",
        evil = evil.url:gsub("127%.0%.0%.1", "localhost") .. "/evil" })
    assert.equal("refused", seen.read)
    assert.equal("refused", seen.blind)
    assert.is_nil(seen.frame:find("equinix-auth", 1, true), seen.frame)
    assert.matches("equinix%-auth$", seen.visit)
    assert.is_true(seen.closed)
  end)
end)
