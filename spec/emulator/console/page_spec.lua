-- emulator/console/page, with its scripts and its style, in a real Chromium.
local browser = require "spec.support.browser"
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local missing = browser.why_not()

describe("the console in a browser", function()
  local e, b

  local function it_there(name, f)
    it(name, function()
      if missing then
        pending(missing)
        return
      end
      f()
    end)
  end

  setup(function()
    if not missing then
      e = emulator.start { plain = true }
      b = browser.start({ viewport = { width = 1040, height = 600 },
        reducedMotion = "reduce",
        permissions = { "clipboard-read", "clipboard-write" } },
        { "--host-resolver-rules=MAP rebound.test 127.0.0.1" })
    end
  end)
  teardown(function()
    if e then
      b:stop()
      e:stop()
    end
  end)

  local function open()
    b:run([[
      await page.goto(args.url);
      await page.waitForSelector("[data-state=live]");
      state.errors.length = 0;
      await page.evaluate(() => {
        window.heard = [];
        const said = document.querySelector("#said");
        new MutationObserver(() => heard.push(said.textContent))
          .observe(said, { childList: true });
      });
    ]], { url = e.base_url .. "/_emulator/" })
  end

  -- What the page says, it says for some seconds.
  local function says(text)
    b:run([[await page.waitForFunction((text) => heard.includes(text),
      args.text, { polling: 50 })]], { text = text })
  end

  -- Most cases leave the page as they found it.
  before_each(function()
    if not missing then
      e:reset()
      if b:run "return page.url()" ~= e.base_url .. "/_emulator/" then
        open()
      end
      b:run [[await page.waitForFunction(() =>
        document.querySelector("#total").textContent === "0", null,
        { polling: 50 })]]
    end
  end)
  after_each(function()
    if not missing then
      -- But for the browser's own words about a status of 400 or more.
      assert.same({}, b:run [[return state.errors.filter((text) =>
        !text.startsWith("Failed to load resource"))]])
    end
  end)

  local function client(options)
    options = options or {}
    options.base_url, options.client_id = e.base_url, e.client_id
    options.client_secret = e.client_secret
    local made = assert(equinix.new(options))
    made:forget() -- the emulator forgot that token, too
    return made
  end

  -- Waits until an element has this text.
  local function shows(selector, text)
    b:run([[await page.waitForFunction(([selector, text]) => {
      const element = document.querySelector(selector);
      return element && !element.hidden
        && element.textContent.includes(text);
    }, [args.selector, args.text], { polling: 50 })]],
      { selector = selector, text = text })
  end

  local function wrong_attempt(id)
    e:send("POST", "/oauth2/v1/token", { body = {
      grant_type = "client_credentials", client_id = id or e.client_id,
      client_secret = "wrong" } })
  end

  it_there("lists requests as they come, with what came of each", function()
    shows("#none", "No request yet")
    assert(client():get("/fabric/v4/ports", { query = { limit = 2 } }))
    shows("#rows tr:first-child .path", "/fabric/v4/ports?limit")
    shows("#rows tr:first-child .status", "200")
    shows("#rows tr:nth-child(2) .path", "/oauth2/v1/token")
    shows("#total", "2")
    shows("#total-2xx", "2")
    e:send("GET", "/fabric/v4/health")
    shows("#total-4xx", "1")
    e:reset()
    shows("#none", "No request yet")
    shows("#total", "0")
  end)

  it_there("loses none of many in its count, and says what it lists not",
    function()
      local requests = {}
      for i = 1, 2000 do
        requests[i] = { method = "GET", url = e.base_url .. "/nowhere" }
      end
      for _, result in ipairs(e.http:send_many(requests, 50, 60)) do
        assert.equal(404, result.response.status)
      end
      shows("#total", "2,000")
      shows("#total-4xx", "2,000")
      local seen = b:run [[return page.evaluate(() => {
        const number = (e) => Number(e.textContent.replace(/\D/g, ""));
        const sum = (list) => list.reduce((all, e) => all + number(e), 0);
        const earlier = document.querySelector("#earlier");
        return { listed: document.querySelectorAll("tr.request").length,
          unlisted: sum([...document.querySelectorAll("tr.unlisted td")]),
          earlier: earlier.hidden ? 0 : number(earlier) };
      })]]
      assert.equal(2000, seen.listed + seen.unlisted + seen.earlier)
      assert.is_true(seen.listed <= 200 and seen.listed > 0)
    end)

  it_there("switches a fault on, and a client fails and recovers", function()
    local c = client { retry = { attempts = 2, base = 0.01, cap = 0.01 } }
    assert(c:get "/fabric/v4/health")
    b:run [[
      await page.selectOption("#what", "api_status");
      await page.fill("#amount", "503");
      await page.fill("#for", "3");
      await page.fill("#where", "/fabric/");
      await page.click("#fault-on");
    ]]
    shows("#fault-state", "on, 3 left")
    shows("#fault-now", "calls answer 503, below /fabric/: 3 more requests")
    local response, err = c:get "/fabric/v4/health" -- two attempts
    assert.is_nil(response)
    assert.equal(503, err.status)
    shows("#fault-state", "on, 1 left")
    shows("#rows .fault", "status")
    assert(c:get "/fabric/v4/health") -- one attempt fails, the next does not
    shows("#fault-state", "off")
    says "The fault is over."
    shows("#total-5xx", "3")
    assert(c:get "/fabric/v4/health")
    assert.equal(6, e:count "GET /fabric/v4/health")
  end)

  it_there("switches on each kind of fault, and off again", function()
    local function on(fields)
      b:run([[
        await page.evaluate((args) => {
          const set = (id, text) => {
            document.getElementById(id).value = text;
          };
          set("what", args.what);
          document.querySelector("#what").dispatchEvent(new Event("change"));
          for (const [id, text] of Object.entries({ where: "", for: "0",
            ...args.fields })) set(id, text);
          document.querySelector("#fault-on").click();
        }, args);
        await page.waitForFunction((what) =>
          document.querySelector("#fault-state").textContent === "on"
            && document.querySelector("#fault-now").textContent
              .includes(what), args.says, { polling: 50 });
      ]], fields)
    end
    for _, fault in ipairs {
      { "status", "token requests answer 429", "status", 429,
        { amount = "429", after = "7" } },
      { "html", "HTML pages", "html", true, {} },
      { "non_json", "not JSON", "non_json", true, {} },
      { "cut", "end in the body", "cut", true, {} },
      { "slow", "take 0.5 s", "slow", 0.5, { amount = "0.5" } },
      { "redirect", "https://a.example/", "redirect", "https://a.example/",
        { amount = "https://a.example/" } },
    } do
      on({ what = fault[1], says = fault[2], fields = fault[5] })
      local config = e:config()
      assert.equal(fault[4], config[fault[3]].value)
      for name, knob in pairs(config) do -- only one at a time
        assert.is_true(not knob.fault or knob.value == knob.default
          or name == fault[1] or fault[5].after and name == "retry_after",
          name)
      end
    end
    b:run [[await page.click("#fault-off")]]
    shows("#fault-state", "off")
    assert.equal("", e:config().redirect.value)
    open()
  end)

  it_there("shows tokens with their life, and accounts until they are locked",
    function()
      e:config { lifetime = 3600 }
      local token = assert(client():token()).access_token
      shows("#tokens li code", token:sub(1, 4) .. "…")
      shows("#tokens li .left", "59:")
      local life = b:run [[return page.$eval("#tokens progress",
        (bar) => bar.value / bar.max)]]
      assert.is_true(life > 0.9 and life <= 1)
      b:run [[await page.click("#revoke")]]
      shows("#tokens li .left", "revoked")
      wrong_attempt()
      shows("#accounts li .left", "1 of 5 wrong attempts")
      wrong_attempt "somebody-else"
      shows("#accounts li:nth-child(3) .about", "unknown app")
      for _ = 2, 5 do
        wrong_attempt()
      end
      shows("#accounts li .left", "locked")
      assert.is_nil(b:run("return page.content()"):find(token, 1, true))
    end)

  it_there("turns a knob, says what is wrong with a value, and sets it back",
    function()
      b:run [[
        for (const group of await page.$$(".knobs details")) {
          await group.evaluate((details) => { details.open = true; });
        }
        await page.fill("#knob-lifetime", "7");
        await page.press("#knob-lifetime", "Enter");
        await page.check("#knob-rotate");
        await page.selectOption("#knob-next_links", "absolute");
        await page.fill("#knob-omit", "user_name");
        await page.press("#knob-omit", "Tab");
      ]]
      shows(".knobs .count", "3 changed")
      local config = e:config()
      assert.equal(7, config.lifetime.value)
      assert.is_true(config.rotate.value)
      assert.equal("absolute", config.next_links.value)
      assert.equal("user_name", config.omit.value)
      b:run [[
        await page.fill("#knob-lifetime", "1e12");
        await page.press("#knob-lifetime", "Enter");
      ]]
      shows(".wrong", "must be a number between -2^31 and 2^31")
      b:run [[
        await page.fill("#knob-ports", "-1");
        await page.press("#knob-ports", "Enter");
      ]]
      shows("#knob-ports ~ .wrong", "ports: ")
      assert.equal(7, e:config().lifetime.value)
      b:run [[await page.click("button[aria-label='Set lifetime back']")]]
      shows(".knobs .count", "2 changed")
      assert.equal(3600, e:config().lifetime.value)
      e:config { token_bytes = 40 } -- by another program
      b:run [[await page.waitForFunction(() =>
        document.querySelector("#knob-token_bytes").value === "40",
        null, { polling: 50 })]]
      open()
    end)

  it_there("is used by the keyboard alone", function()
    assert(client():get "/fabric/v4/metros")
    shows("#total", "2")
    -- From the start of the page, along everything that can have the focus.
    open()
    local stops = b:run [[
      const stops = [];
      for (let i = 0; i < 20; i++) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate(() => {
          const e = document.activeElement;
          if (e === document.body) return null;
          const named = e.getAttribute("aria-label") || e.textContent.trim()
            || Array.from(e.labels || []).map((l) => l.textContent).join();
          return { id: e.id || e.tagName + " " + e.className, named,
            seen: getComputedStyle(e).outlineStyle !== "none" };
        });
        if (!stop || stops.some((other) => other.id === stop.id
          && stop.id.startsWith("fault"))) break;
        stops.push(stop);
      }
      return stops;
    ]]
    local order = {}
    for _, stop in ipairs(stops) do
      assert.is_true(#stop.named > 0, stop.id)
      assert.is_true(stop.seen, stop.id .. " shows no focus")
      order[#order + 1] = stop.id
    end
    assert.matches("^A skip pause reset BUTTON  what amount after for where "
      .. "fault%-on .*revoke SUMMARY ", table.concat(order, " "))
    -- A fault, with nothing but keys.
    b:run [[
      await page.focus("#what");
      await page.keyboard.type("Token");
      await page.keyboard.press("Tab");
      await page.keyboard.type("500");
      await page.keyboard.press("Enter");
    ]]
    shows("#fault-state", "on, 1 left")
    assert.equal(500, e:config().status.value)
    -- A request: the list is one stop, arrows go along it.
    local seen = b:run [[
      await page.focus("#reset");
      await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => heard.includes("Copied."), null,
        { polling: 50 });
      const copied = await page.evaluate(() =>
        navigator.clipboard.readText());
      await page.keyboard.press("Escape");
      return { copied, open: await page.locator(".detail").count(),
        focus: await page.evaluate(() =>
          document.activeElement.textContent) };
    ]]
    assert.matches("/oauth2/v1/token", seen.copied, 1, true)
    assert.equal(0, seen.open)
    assert.equal("/oauth2/v1/token", seen.focus)
  end)

  it_there("stands still while a request is read, and while it is paused",
    function()
      e:send("GET", "/one")
      shows("#rows .path", "/one")
      b:run [[await page.click("#rows button")]]
      e:send("GET", "/two")
      shows("#total", "2")
      shows("#newer", "Show 1 newer request")
      assert.equal(1, b:run [[return page.locator("tr.request").count()]])
      b:run [[await page.click("#newer")]]
      shows("#rows .path", "/two")
      b:run [[await page.click("#pause")]]
      shows("#live", "Paused")
      e:send("GET", "/three")
      shows("#total", "3")
      shows("#newer", "Show 1 newer request")
      b:run [[await page.click("#pause")]]
      shows("#rows .path", "/three")
    end)

  it_there("says when the emulator can't be reached, and goes on afterwards",
    function()
      b:run [[await context.setOffline(true)]]
      shows("#live", "Not reachable")
      says "The emulator can't be reached; the console tries again."
      e:send("GET", "/meanwhile")
      b:run [[await context.setOffline(false)]]
      shows("#live", "Live")
      shows("#rows .path", "/meanwhile")
    end)

  -- What a shell makes of a text, with the variables that the emulator
  -- prints; `lua`: it runs this Lua, not the command's.
  local function shell(text, lua)
    local dir = process.tempdir()
    local env = command.env(e, { XDG_RUNTIME_DIR = dir, HOME = dir,
      LUA_PATH = lua and "lua/?.lua;lua/?/init.lua;;",
      LUA_CPATH = lua and package.cpath,
      PATH = process.capture "pwd" .. "/bin:" .. os.getenv "PATH" })
    local p = process.start({ "sh", "-c", text }, { env = env })
    local code = p:wait()
    p:stop()
    process.remove(dir)
    return code, p:stdout(), p:stderr()
  end

  local function snippet(n, i)
    return b:run([[
      await page.locator("tr.request button").nth(args.n).click();
      const text = await page.locator(".detail code").nth(args.i)
        .textContent();
      await page.keyboard.press("Escape");
      return text;
    ]], { n = n, i = i })
  end

  it_there("gives commands and Lua that send the same requests", function()
    assert(client():get("/fabric/v4/ports", { query = { limit = 2 } }))
    shows("#total", "2")
    local port, token = snippet(0, 0), snippet(1, 0)
    local in_lua = { snippet(0, 1), snippet(1, 1) }
    assert.is_nil((port .. token):find(e.client_secret, 1, true))
    local function last_requests(n)
      local requests = e:log().requests
      local request = requests[#requests - n]
      return request.route .. " " .. (request.query_values or {limit = ""})
        .limit .. " " .. ("%d"):format(request.status)
    end
    local code, out, said = shell(port)
    assert.equal(0, code, said)
    assert.is_truthy(out:find('"data":', 1, true), out .. said)
    assert.equal("GET /fabric/v4/ports 2 200", last_requests(0))
    code, out, said = shell(token)
    assert.equal(0, code, said)
    assert.is_truthy(out:find('"access_token":', 1, true), out)
    assert.equal("POST /oauth2/v1/token  200", last_requests(0))
    for i, expected in ipairs { "GET /fabric/v4/ports 2 200",
      "POST /oauth2/v1/token  200" } do
      code, out, said = shell(process.interpreter() .. " - <<'END'\n"
        .. in_lua[i] .. "END", true)
      assert.equal(0, code, said .. out)
      assert.equal(expected, last_requests(0))
    end
  end)

  it_there("takes what came for text, in the page and in a shell", function()
    local dir = process.tempdir()
    local hostile = "$(touch " .. dir .. "/a)`touch " .. dir .. "/b`'\"\\\nEND"
      .. "\ntouch " .. dir .. "/c\n<img src=x onerror=document.title='bad'>"
    e:send("POST", "/fabric/v4/it's-$(touch%20x)?constructor=1", { body = {
      [hostile:sub(1, 30)] = 1, type = hostile:sub(1, 60),
      ["<img src=x onerror=alert(1)>"] = 1, grant_type = hostile:sub(-58) },
    })
    e:send("POST", "/a'b", { headers = { { "Content-Type",
      "application/x-www-form-urlencoded; '$(touch " .. dir .. "/d)" } },
      body = "a%24%28touch+x%29=1&type=%60touch+" .. dir .. "/e%60" })
    shows("#total", "2")
    local commands = { snippet(0, 0), snippet(1, 0) }
    for n = 0, 1 do -- the Lua is read, not run
      assert.is_function((loadstring or load)(snippet(n, 1)))
    end
    for _, text in ipairs(commands) do
      local _, _, said = shell(text)
      assert.is_nil(said:find "syntax error" or said:find "not found", said)
    end
    assert.equal("", (process.capture("ls " .. dir)))
    assert.equal(0, b:run [[return page.locator("main img").count()]])
    assert.equal("Emulator console", b:run "return page.title()")
    local requests = e:log().requests
    assert.equal(4, #requests)
    for i = 1, 2 do -- the newest was sent again first
      assert.equal(requests[i].path, requests[5 - i].path)
    end
    assert.same(requests[2].fields, requests[3].fields)
    process.remove(dir)
  end)

  it_there("is refused to pages of other origins, and to other names",
    function()
      local other = rawserver.start [[
        local c = ...
        while c:request() do
          c:send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
            .. "Content-Length: 8\r\n\r\n<p>other")
        end
      ]]
      local seen = b:run([[
        await page.goto(args.other);
        const read = await page.evaluate(async (here) => {
          const all = [];
          const ask = async (path, options) => {
            try {
              all.push(await (await fetch(here + path, options)).text());
            } catch { all.push(""); }
          };
          const body = '{"latency": 3}';
          await ask("/_emulator/log");
          await ask("/_emulator/log", { mode: "no-cors" });
          await ask("/_emulator/config", { method: "POST", body });
          await ask("/_emulator/config", { method: "POST", body,
            mode: "no-cors" });
          return all.join("");
        }, args.here);
        await page.evaluate((here) => {
          document.body.innerHTML = '<form method=post enctype=text/plain '
            + 'action="' + here + '/_emulator/reset"><input name=a></form>';
          document.forms[0].submit();
        }, args.here);
        await page.waitForURL(args.here + "/**");
        const posted = await page.textContent("body");
        await page.goto(args.other);
        await page.evaluate((here) => {
          document.body.innerHTML = '<a href="' + here
            + '/_emulator/">console</a>';
        }, args.here);
        await page.click("a");
        await page.waitForSelector("[data-state=live]");
        const rebound = args.here.replace("127.0.0.1", "rebound.test");
        const renamed = (await page.goto(rebound + "/_emulator/")).status();
        await page.goto("about:blank");
        state.errors.length = 0; /* the browser's own, about CORS */
        return { read, posted, renamed };
      ]], { here = e.base_url, other = other.url .. "/" })
      other:stop()
      assert.equal("", seen.read)
      assert.matches("another origin", seen.posted, 1, true)
      assert.equal(403, seen.renamed)
      assert.equal(0, e:config().latency.value)
    end)

  it_there("is legible in the light and in the dark, and on a narrow screen",
    function()
      assert(client():get "/fabric/v4/metros")
      e:send("GET", "/fabric/v4/health")
      e:config { api_status = 500, latency = 0.01 }
      e:send("GET", "/fabric/v4/health")
      wrong_attempt()
      shows("#total", "5")
      local complaints = b:run [[
        const complaints = [];
        await page.click("#rows button");
        await page.$$eval("details", (all) => all.forEach((one) => {
          one.open = true; }));
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          complaints.push(...await page.evaluate((scheme) => {
            const parse = (text) => text.match(/[\d.]+/g).map(Number);
            const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
              .map((c) => c <= 0.04045 ? c / 12.92
                : ((c + 0.055) / 1.055) ** 2.4)
              .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i],
                0);
            const ground = (e) => {
              for (; e; e = e.parentElement) {
                const rgb = parse(getComputedStyle(e).backgroundColor);
                if (rgb.length < 4 || rgb[3] > 0) return rgb;
              }
            };
            const found = [];
            for (const e of document.querySelectorAll("body *")) {
              const own = [...e.childNodes].some((node) =>
                node.nodeType === 3 && node.data.trim());
              if (!own || !e.checkVisibility() || e.disabled
                || e.closest(".unseen, .skip, #said")) continue;
              const a = light(parse(getComputedStyle(e).color));
              const b = light(ground(e));
              const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
              if (ratio < 4.5) found.push(`${scheme} ${e.tagName}.`
                + `${e.className} ${e.textContent} ${ratio.toFixed(2)}`);
            }
            return found;
          }, colorScheme));
        }
        await page.setViewportSize({ width: 400, height: 800 });
        complaints.push(...await page.evaluate(() => {
          const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
          const found = ids.filter((id, i) => ids.indexOf(id) !== i);
          if (document.documentElement.scrollWidth > innerWidth) {
            found.push("wider than the screen");
          }
          for (const e of document.querySelectorAll(
            "input, select, button, progress, pre")) {
            if (!(e.labels?.length || e.getAttribute("aria-label")
              || e.textContent.trim()) && e.checkVisibility()) {
              found.push("no name: " + e.outerHTML);
            }
          }
          return found;
        }));
        await page.setViewportSize({ width: 1040, height: 600 });
        await page.goto("about:blank");
        return complaints;
      ]]
      assert.same({}, complaints)
    end)

  it_there("loads less than 60 kB, all of it from the emulator", function()
    local seen = b:run [[
      const urls = [], bodies = [];
      const note = (response) => {
        if (response.url().includes("/state")) return;
        urls.push(response.url());
        bodies.push(response.body());
      };
      page.on("response", note);
      await page.reload({ waitUntil: "load" });
      await page.waitForSelector("[data-state=live]");
      page.off("response", note);
      const bytes = (await Promise.all(bodies))
        .reduce((sum, body) => sum + body.length, 0);
      return { urls, bytes };
    ]]
    assert.is_true(#seen.urls >= 5)
    assert.is_true(seen.bytes < 60000 and seen.bytes > 20000, seen.bytes)
    for _, url in ipairs(seen.urls) do
      assert.equal(e.base_url, url:sub(1, #e.base_url))
    end
    assert.same({}, e:log().requests) -- not even an icon is missing
  end)
end)
