--- snippets: a request of the log as a curl command and as Lua.
--
-- Law of this file: what is copied may be pasted into a shell. So all that
-- came with a request is quoted, in a document for the shell too; and a secret
-- is a variable, a token what the command prints: the log has neither. What
-- the log did not keep stands there as <its name>, to be filled in.

return [=[
const VARIABLES = {
  client_id: "EQUINIX_API_CLIENTID",
  client_secret: "EQUINIX_API_CLIENTSECRET",
};

const word = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

/* In a document of the shell, where variables have their values. */
const inDocument = (text) => text.replace(/[\\$`]/g, "\\$&");

const luaText = (text) => '"' + text.replace(/[\\"]/g, "\\$&").replace(
  /[\0-\x1f\x7f]/g, (c) => "\\" + String(c.charCodeAt(0)).padStart(3, "0"),
) + '"';

/* The value of a field, as far as the log has it. */
function valueOf(name, shown) {
  return /^\[(redacted|table)\]$|…$/.test(shown) ? `<${name}>` : shown;
}

function queryOf(entry) {
  const values = entry.query_values || {};
  return (entry.query || []).map((name) =>
    [name, Object.hasOwn(values, name) ? values[name] : `<${name}>`]);
}

const isForm = (entry) => /form-urlencoded/.test(entry.content_type);

function bodyOf(entry) {
  const members = Object.entries(entry.fields || {}).sort();
  if (!members.length) return entry.bytes ? `<${entry.bytes} bytes>` : null;
  const form = isForm(entry);
  const code = form ? encodeURIComponent
    : (text) => inDocument(JSON.stringify(text));
  const pairs = members.map(([name, shown]) => {
    const variable = Object.hasOwn(VARIABLES, name) && "$" + VARIABLES[name];
    const value = variable ? (form ? variable : `"${variable}"`)
      : code(valueOf(name, shown));
    return code(name) + (form ? "=" : ": ") + value;
  });
  return form ? pairs.join("&") : "{\n  " + pairs.join(",\n  ") + "\n}";
}

/* The command; caFile is that of the emulator, if it has one. */
export function curl(entry, caFile) {
  const trust = (option) => caFile ? ` ${option} ${word(caFile)}` : "";
  const inQuery = (text) => text.split(/(<\w+>)/).map((part, i) =>
    i % 2 ? part : encodeURIComponent(part)).join("");
  const query = queryOf(entry).map((pair) =>
    pair.map(inQuery).join("=")).join("&");
  const body = bodyOf(entry);
  const implied = body === null ? "GET" : "POST";
  const lines = ["curl" + trust("--cacert") + (entry.method === implied ? ""
    : entry.method === "HEAD" ? " -I" : ` -X ${word(entry.method)}`)];
  if (entry.authorization) {
    lines.push('-H "$(equinix-auth token --header' + trust("--ca-file")
      + ')"');
  }
  if (body !== null) {
    lines.push("-H " + word("Content-Type: " + (entry.content_type
      || "application/json")));
  }
  lines.push('"$EQUINIX_API_ENDPOINT"' + word(entry.path
    + (query ? "?" + query : "")));
  if (body !== null) lines.push("-d @- <<END\n" + body + "\nEND");
  return lines[0] + " " + lines.slice(1).join(" \\\n  ");
}

const RESERVED = new Set(("and break do else elseif end false for function "
  + "goto if in local nil not or repeat return then true until while")
  .split(" "));

function luaTable(pairs) {
  const key = (name) => /^[A-Za-z_]\w*$/.test(name) && !RESERVED.has(name)
    ? name : `[${luaText(name)}]`;
  return "{ " + pairs.map(([name, value]) => key(name) + " = " + value)
    .join(", ") + " }";
}

const textsOf = (pairs) => luaTable(pairs.map(([name, value]) =>
  [name, luaText(value)]));

/* The same with this client, which gets its tokens by itself. */
export function lua(entry, caFile) {
  const head = "local equinix = require " + luaText("equinix") + "\n"
    + "local client = assert(equinix.new"
    + (caFile ? ` { ca_file = ${luaText(caFile)} })\n` : "())\n");
  if (/^\/(oauth2\/v1\/(token|refreshaccesstoken)|use\/token)$/
    .test(entry.path)) {
    return head + "local token = assert(client:refresh { force = true })\n";
  }
  const fields = [];
  if (entry.query) fields.push(["query", textsOf(queryOf(entry))]);
  if (entry.fields) {
    fields.push([isForm(entry) ? "form" : "json", textsOf(Object
      .entries(entry.fields).sort()
      .map(([name, shown]) => [name, valueOf(name, shown)]))]);
  } else if (entry.bytes) {
    fields.push(["body", luaText(`<${entry.bytes} bytes>`)]);
  }
  const method = entry.method.toLowerCase();
  const named = /^(get|head|delete|post|put|patch)$/.test(method);
  if (!named) {
    fields.unshift(["method", luaText(entry.method)],
      ["path", luaText(entry.path)]);
    return head + "local response = assert(client:request "
      + luaTable(fields) + ")\n";
  }
  return head + `local response = assert(client:${method}(`
    + luaText(entry.path) + (fields.length ? ", " + luaTable(fields) : "")
    + "))\n";
}
]=]
