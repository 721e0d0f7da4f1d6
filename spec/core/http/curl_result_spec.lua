-- curl_result: every result of libcurl has a kind, and may be retried or not.
--
-- A C program prints the table, since no server could cause all of them:
-- spec/support/curl_results.c.
local process = require "spec.support.process"

local CC = os.getenv "CC" or "cc"
local CFLAGS = " -std=c11 -D_GNU_SOURCE -Isrc "

-- What may be tried again. Everything else is final.
local RETRIED = {
  CURLE_COULDNT_RESOLVE_PROXY = "network",
  CURLE_COULDNT_RESOLVE_HOST = "network",
  CURLE_COULDNT_CONNECT = "network",
  CURLE_HTTP2 = "network",
  CURLE_PARTIAL_FILE = "network",
  CURLE_OPERATION_TIMEDOUT = "timeout",
  CURLE_GOT_NOTHING = "network",
  CURLE_SEND_ERROR = "network",
  CURLE_RECV_ERROR = "network",
  CURLE_SEND_FAIL_REWIND = "network",
  CURLE_AGAIN = "network",
  CURLE_NO_CONNECTION_AVAILABLE = "network",
  CURLE_HTTP2_STREAM = "network",
  CURLE_HTTP3 = "network",
  CURLE_QUIC_CONNECT_ERROR = "network",
  CURLE_UNRECOVERABLE_POLL = "network",
}

-- Of what is final, that which is no fault of the server's.
local FINAL = {
  CURLE_UNSUPPORTED_PROTOCOL = "config", CURLE_FAILED_INIT = "config",
  CURLE_URL_MALFORMAT = "config", CURLE_NOT_BUILT_IN = "config",
  CURLE_OUT_OF_MEMORY = "memory", CURLE_SSL_CONNECT_ERROR = "tls",
  CURLE_ABORTED_BY_CALLBACK = "network",
  CURLE_BAD_FUNCTION_ARGUMENT = "config", CURLE_INTERFACE_FAILED = "config",
  CURLE_UNKNOWN_OPTION = "config", CURLE_SSL_ENGINE_NOTFOUND = "config",
  CURLE_SSL_ENGINE_SETFAILED = "config", CURLE_SSL_CERTPROBLEM = "config",
  CURLE_SSL_CIPHER = "tls", CURLE_PEER_FAILED_VERIFICATION = "tls",
  CURLE_USE_SSL_FAILED = "tls", CURLE_SSL_ENGINE_INITFAILED = "config",
  CURLE_LOGIN_DENIED = "config", CURLE_SSL_CACERT_BADFILE = "config",
  CURLE_SSL_SHUTDOWN_FAILED = "tls", CURLE_SSL_CRL_BADFILE = "config",
  CURLE_SSL_ISSUER_ERROR = "tls", CURLE_SSL_PINNEDPUBKEYNOTMATCH = "tls",
  CURLE_SSL_INVALIDCERTSTATUS = "tls", CURLE_RECURSIVE_API_CALL = "config",
  CURLE_PROXY = "network", CURLE_SSL_CLIENTCERT = "tls",
  CURLE_ECH_REQUIRED = "tls",
}

describe("a result of libcurl", function()
  local rows, unknown = {}, nil

  setup(function()
    local dir = process.tempdir()
    local program = process.quote(dir .. "/results")
    local out, code = process.capture(CC .. CFLAGS .. "-o " .. program
      .. " spec/support/curl_results.c src/http/curl_result.c 2>&1 && "
      .. program)
    process.remove(dir)
    assert(code == 0, out)
    for line in out:gmatch "[^\n]+" do
      local number, kind, result, again, message =
        line:match "^(%d+)\t(%l+)\t([%u%d_]+)\t(%l+)\t(.+)$"
      rows[#rows + 1] = { number = tonumber(number), kind = kind,
        code = result, retry = again == "retry", message = message }
    end
    unknown = table.remove(rows)
  end)

  it("that curl/curl.h has is in the table", function()
    assert.is_true(#rows >= 90)
    for i, row in ipairs(rows) do
      assert.are.equal(i, row.number)
      assert.is_true(row.message ~= unknown.message, row.number)
    end
  end)

  it("has its name as the code, or belongs to what is not used", function()
    -- The names, in their order, as the compiler reads them.
    local out = process.capture("echo '#include <curl/curl.h>' | " .. CC
      .. " -E -P -")
    local list = out:match "CURLE_OK = 0,(.-)CURL_LAST"
    local names = {}
    for name in list:gmatch "CURLE_[%u%d_]+" do
      names[#names + 1] = name
    end
    assert.are.equal(#names, #rows)
    for i, row in ipairs(rows) do
      if row.code == "CURLE_OTHER" then
        assert.are.same({ "protocol", false }, { row.kind, row.retry })
        assert.is_nil(RETRIED[names[i]] or FINAL[names[i]], names[i])
      else
        assert.are.equal(names[i], row.code)
      end
    end
  end)

  it("is retried if it means that the connection failed", function()
    for _, row in ipairs(rows) do
      assert.are.equal(RETRIED[row.code] ~= nil, row.retry, row.code)
      assert.are.equal(RETRIED[row.code] or FINAL[row.code] or "protocol",
        row.kind, row.code)
    end
  end)

  it("that is not known is not retried", function()
    assert.are.same({ "protocol", "CURLE_OTHER", false },
      { unknown.kind, unknown.code, unknown.retry })
  end)
end)
