--- capability: the two operations of the published capability, as one table.
-- Whoever offers or calls them reads it here; nobody repeats it.

return {
  operations = {
    {
      name = "getoauth2accesstoken",
      title = "Generate New Access Token",
      description = "Requests an access token with an app's credentials "
        .. "(client_credentials), or a user's (password).",
      method = "POST",
      path = "/oauth2/v1/token",
      hints = { readOnly = false, destructive = false, idempotent = false },
    },
    {
      name = "refreshoauth2accesstoken",
      title = "Renew Access Tokens",
      description = "Trades a refresh token in for a new access token.",
      method = "POST",
      path = "/oauth2/v1/refreshaccesstoken",
      hints = { readOnly = false, destructive = false, idempotent = false },
    },
  },
}
