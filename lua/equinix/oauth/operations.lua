--- operations: the two published operations, as one table.
--
-- Law of this file: names, paths, fields and texts stand here, and only here.
-- A description begins with the capability's own words; ours follow.
-- The client's operation(), the REST service, its OpenAPI document, the MCP
-- tools and the command's help read them. Field names are
-- Equinix's ("API Authentication", operations getOAuth2AccessToken and
-- refreshOAuth2AccessToken).

local M = {}

M.title = "Equinix API Authentication"

M.description = "REST adapter for Equinix API Authentication. Access tokens "
  .. "for the Equinix APIs. A request without credentials is answered with "
  .. "the token of this service's own account, which all callers share; a "
  .. "request with credentials goes to Equinix as it is."

--- The names of the two services that offer them.
M.namespaces = { rest = "equinix-rest", mcp = "equinix-mcp" }

--- What the capability calls its MCP side.
M.mcp_description = "MCP adapter for Equinix API Authentication for AI agent "
  .. "use."

--- For an agent that is about to use the tools (MCP's `instructions`).
M.instructions = M.mcp_description .. " Gets access tokens for the Equinix "
  .. "APIs. Call getoauth2accesstoken without arguments: the answer is the "
  .. "token of this server's own account, from a cache where possible. Send "
  .. "it as "
  .. "'Authorization: Bearer <access_token>' to https://api.equinix.com until "
  .. "its token_timeout (seconds that are left) is over. Call "
  .. "refreshoauth2accesstoken only when the API refused a token with 401. "
  .. "Don't repeat a call that was refused for its credentials: Equinix locks "
  .. "an account after 5 bad attempts. Never show a token or a secret."

---@class equinix.operations.Field
---@field name string
---@field type string|string[] of JSON Schema
---@field description string
---@field enum? string[]
---@field secret? boolean never to be shown
---@field credential? boolean a body with one of these is the caller's own

local CLIENT_ID = {
  name = "client_id",
  type = "string",
  description = "Consumer Key of the app. Without any credentials the "
    .. "server's own are used.",
  credential = true,
}

local CLIENT_SECRET = {
  name = "client_secret",
  type = "string",
  description = "Consumer Secret of the app.",
  secret = true,
  credential = true,
}

local HINTS = { readOnly = false, destructive = false, idempotent = false }

---@class equinix.operations.Operation
---@field name string
---@field title string
---@field description string
---@field method string
---@field path string
---@field hints {readOnly: boolean, destructive: boolean, idempotent: boolean}
---@field fields equinix.operations.Field[] of the body, all of them optional
---@type equinix.operations.Operation[]
M.operations = {
  {
    name = "getoauth2accesstoken",
    title = "Generate New Access Token",
    description = "Generate New Access Token. Requests an access token with "
      .. "an app's credentials (client_credentials), or a user's (password). "
      .. "Without credentials: the server's own token, from its cache where "
      .. "possible.",
    method = "POST",
    path = "/oauth2/v1/token",
    hints = HINTS,
    fields = {
      {
        name = "grant_type",
        type = "string",
        enum = { "client_credentials", "password" },
        description = "How the credentials prove who asks. Equinix takes "
          .. "password when it is left out.",
      },
      CLIENT_ID,
      CLIENT_SECRET,
      {
        name = "user_name",
        type = "string",
        description = "User of the Equinix customer portal (password only).",
        credential = true,
      },
      {
        name = "user_password",
        type = "string",
        description = "The user's password (password only).",
        secret = true,
        credential = true,
      },
      {
        name = "password_encoding",
        type = "string",
        enum = { "none", "md5-b64" },
        description = "How user_password is encoded; default none.",
      },
    },
  },
  {
    name = "refreshoauth2accesstoken",
    title = "Renew Access Tokens",
    description = "Renew Access Tokens. Trades a refresh token in for a new "
      .. "access token. Without "
      .. "credentials: renews the server's own token.",
    method = "POST",
    path = "/oauth2/v1/refreshaccesstoken",
    hints = HINTS,
    fields = {
      CLIENT_ID,
      CLIENT_SECRET,
      {
        name = "refresh_token",
        type = "string",
        description = "The refresh token that came with an access token. "
          .. "Without credentials it must be the server's current one.",
        secret = true,
      },
    },
  },
}

--- What each of them is for.
M.by_token = { issue = M.operations[1], refresh = M.operations[2] }

-- Equinix documents seconds as a string and has been seen to send a number.
local SECONDS = { "string", "number" }

--- What both operations answer.
---@type equinix.operations.Field[]
M.answer = {
  {
    name = "access_token",
    type = "string",
    description = "The token: send it as 'Authorization: Bearer ...'.",
    secret = true,
  },
  {
    name = "token_timeout",
    type = SECONDS,
    description = "Seconds until the token ends.",
  },
  {
    name = "token_type",
    type = "string",
    description = "Bearer.",
  },
  {
    name = "user_name",
    type = "string",
    description = "Whose token it is.",
  },
  {
    name = "refresh_token",
    type = "string",
    description = "What renews it, where the grant gives one.",
    secret = true,
  },
  {
    name = "refresh_token_timeout",
    type = SECONDS,
    description = "Seconds until the refresh token ends.",
  },
}

--- Members of the answer that are always there.
M.required = { "access_token" }

return M
