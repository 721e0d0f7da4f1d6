--- style: how the console looks, in the light and in the dark.

return [=[
:root {
  color-scheme: light dark;
  --ground: #f5f4f0; --card: #ffffff; --raised: #faf9f6; --line: #e3e0d8;
  --edge: #8d918b; --ink: #1c1f1e; --soft: #585e5b; --accent: #0b6b63;
  --on-accent: #ffffff; --tint: #e3f1ee; --ok: #1a6e42; --moved: #2f5fa8;
  --client: #8a5200; --server: #b3261e; --fault: #7434a6; --fresh: #e9f4ee;
  --shadow: 0 1px 2px rgb(40 36 24 / 6%), 0 6px 24px rgb(40 36 24 / 5%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101312; --card: #181c1b; --raised: #1e2321; --line: #2c3230;
    --edge: #6d7672; --ink: #e7ebe8; --soft: #a2aca7; --accent: #62cdbf;
    --on-accent: #0b1a18; --tint: #16302c; --ok: #74cf9c; --moved: #8fb6f2;
    --client: #e8b15c; --server: #ff8f85; --fault: #cda4f3; --fresh: #1b2b24;
    --shadow: 0 1px 2px rgb(0 0 0 / 30%);
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 6rem; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 0.875rem/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue",
    "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
code, pre, .method, .path, #address, #said code, .knob label {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
    monospace;
  font-size: 0.8125rem;
}
h1, h2, p, dl, dd, ul, figure, pre { margin: 0; padding: 0; }
h1 { font-size: 1rem; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 0.875rem; font-weight: 650; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.unseen {
  position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
.skip {
  position: absolute; left: 1rem; top: -4rem; z-index: 3; padding: 0.5rem 1rem;
  background: var(--accent); color: var(--on-accent); border-radius: 0.5rem;
}
.skip:focus { top: 1rem; }

button, input, select {
  font: inherit; font-variant-numeric: tabular-nums; color: inherit;
}
button {
  padding: 0.3125rem 0.75rem; border: 1px solid var(--line); cursor: pointer;
  border-radius: 0.5rem; background: var(--card); white-space: nowrap;
}
button:hover:enabled { border-color: var(--edge); }
button[aria-pressed="true"] {
  background: var(--tint); border-color: var(--accent); color: var(--accent);
}
button:disabled { color: var(--soft); cursor: default; opacity: 0.65; }
button.primary {
  background: var(--accent); border-color: var(--accent); font-weight: 600;
  color: var(--on-accent);
}
button.primary:hover:enabled { filter: brightness(1.08); }
input:not([type="checkbox"]), select {
  width: 100%; min-width: 0; padding: 0.3125rem 0.5rem; border-radius: 0.5rem;
  border: 1px solid var(--edge); background: var(--card);
}
input::placeholder { color: var(--soft); opacity: 1; }
[aria-invalid="true"] { border-color: var(--server) !important; }
[type="checkbox"] {
  appearance: none; position: relative; width: 2.125rem; height: 1.25rem;
  margin: 0.25rem 0; border-radius: 1rem; background: var(--card);
  border: 1px solid var(--edge); cursor: pointer; justify-self: end;
}
[type="checkbox"]::before {
  content: ""; position: absolute; inset: 0.1875rem auto auto 0.1875rem;
  width: 0.75rem; height: 0.75rem; border-radius: 50%;
  background: var(--edge); transition: transform 0.15s;
}
[type="checkbox"]:checked {
  background: var(--accent); border-color: var(--accent);
}
[type="checkbox"]:checked::before {
  transform: translateX(0.875rem); background: var(--on-accent);
}

header {
  position: sticky; top: 0; z-index: 2; display: flex; gap: 0.75rem 2.5rem;
  align-items: center; flex-wrap: wrap; padding: 0.75rem 1.25rem;
  background: var(--card); border-bottom: 1px solid var(--line);
}
.brand { display: flex; gap: 0.75rem; align-items: center; }
.brand img { display: block; }
#address { color: var(--soft); font-size: 0.75rem; }
.figures { display: flex; gap: 0.5rem 1.5rem; align-items: end; flex: 1; }
.figures > div { text-align: right; min-width: 2.5rem; }
.figures .main { min-width: 4.5rem; }
dt { color: var(--soft); font-size: 0.75rem; }
.figures dd { font-weight: 600; }
.figures .main dd { font-size: 1.375rem; line-height: 1.15; font-weight: 650;
  letter-spacing: -0.02em; }
.graph { margin-right: auto; }
.graph svg { display: block; border-bottom: 1px solid var(--line); }
.graph path { fill: var(--accent); }
.ok dd, .status.ok { color: var(--ok); }
.client dd, .status.client { color: var(--client); }
.server dd, .status.server { color: var(--server); }
.status.moved { color: var(--moved); }
.fault dd { color: var(--fault); }
.figures .zero dd { color: var(--soft); font-weight: 400; }
.actions { display: flex; gap: 0.5rem; align-items: center; }
.live { display: flex; gap: 0.5rem; align-items: center; min-width: 6.5rem;
  justify-content: end; margin-right: 0.5rem; color: var(--soft); }
.live::before { content: ""; width: 0.5rem; height: 0.5rem; border-radius: 50%;
  background: var(--edge); }
.live[data-state="live"]::before { background: var(--ok);
  box-shadow: 0 0 0 3px var(--fresh); }
.live[data-state="lost"] { color: var(--server); }
.live[data-state="lost"]::before { background: var(--server); }
#said { position: fixed; z-index: 3; left: 50%; bottom: 1.25rem;
  transform: translateX(-50%); max-width: 90vw; padding: 0.5rem 1rem;
  border-radius: 0.625rem; background: var(--ink); color: var(--ground);
  box-shadow: var(--shadow); }
#said:empty { padding: 0; }
#said.bad { background: var(--server); color: var(--card); }

main { display: grid; gap: 1rem; padding: 1rem 1.25rem; max-width: 110rem;
  margin: 0 auto; grid-template-columns: minmax(0, 1fr); }
.side { display: grid; gap: 1rem; align-content: start; min-width: 0; }
.card { background: var(--card); border: 1px solid var(--line); min-width: 0;
  border-radius: 0.875rem; box-shadow: var(--shadow); padding: 0.875rem 1rem; }
.title { display: flex; justify-content: space-between; align-items: center;
  min-height: 2rem; margin-bottom: 0.5rem; }
.hint, .empty { color: var(--soft); font-size: 0.8125rem; }
.tag { color: var(--soft); font-size: 0.8125rem; }
.tag[data-on="true"] { color: var(--fault); font-weight: 600; }

.requests { display: flex; flex-direction: column; padding: 0.875rem 0 0;
  max-height: 80vh; outline-offset: -2px; }
.requests .title, .requests .hint { padding: 0 1rem; }
.requests .hint { padding-block: 0.5rem; border-top: 1px solid var(--line); }
kbd { font: inherit; padding: 0 0.3125rem; border: 1px solid var(--line);
  border-radius: 0.3125rem; background: var(--raised); }
.scroll { overflow: auto; flex: 1; min-height: 12rem; position: relative; }
.scroll .empty { padding: 3rem 1rem; text-align: center; }
.scroll #earlier { padding: 0.75rem 1rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--card);
  color: var(--soft); font-weight: 400; font-size: 0.75rem; }
th, td { padding: 0.25rem 0.5rem; text-align: left; font-weight: 400;
  border-bottom: 1px solid var(--line); white-space: nowrap;
  vertical-align: baseline; }
th:first-child, td:first-child { padding-left: 1rem; }
th:last-child, td:last-child { padding-right: 1rem; }
thead th:nth-child(1) { width: 7.5rem; }
thead th:nth-child(2) { width: 4rem; }
thead th:nth-child(3) { width: 5rem; }
thead .end { width: 13rem; }
.time { color: var(--soft); }
.time small { font-size: 0.75rem; }
.status { font-weight: 600; }
.method { color: var(--soft); }
.path { overflow: hidden; }
.path button { display: block; width: 100%; border: 0; padding: 0.125rem 0;
  background: none; text-align: left; border-radius: 0.25rem;
  outline-offset: 0; font-family: inherit; overflow: hidden;
  text-overflow: ellipsis; }
.end { text-align: right; overflow: hidden; }
.end > * + * { margin-left: 0.625rem; }
.end code, .delay { color: var(--soft); }
.end .fault { color: var(--fault); font-size: 0.75rem; border-radius: 1rem;
  border: 1px solid currentcolor; padding: 0 0.5rem; }
.request { cursor: pointer; }
.request:hover { background: var(--raised); }
.request:has([aria-expanded="true"]) { background: var(--tint); }
.request:has(:focus-visible) { background: var(--tint); }
.fresh { animation: fresh 1.2s ease-out; }
@keyframes fresh { from { background: var(--fresh); } }
.unlisted td { text-align: center; color: var(--soft); font-size: 0.8125rem;
  background: var(--raised); }
.detail td { white-space: normal; padding: 0.75rem 1rem 1rem;
  background: var(--raised); }
.facts { display: grid; gap: 0.5rem 1.5rem; margin-bottom: 0.75rem;
  grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
.facts dd { white-space: pre-line; overflow-wrap: anywhere; }
.snippet + .snippet { margin-top: 0.75rem; }
.snippet figcaption { display: flex; justify-content: space-between;
  align-items: center; color: var(--soft); font-size: 0.75rem;
  margin-bottom: 0.25rem; }
.snippet pre { overflow-x: auto; padding: 0.625rem 0.75rem;
  background: var(--card); border: 1px solid var(--line);
  border-radius: 0.5rem; }
#newer { background: var(--tint); border-color: var(--accent);
  color: var(--accent); }

form { display: grid; gap: 0.5rem; }
form label, .unit span { color: var(--soft); font-size: 0.8125rem; }
.pair { display: grid; gap: 0.5rem 0.75rem; grid-template-columns: 1fr 1fr; }
.pair label { display: block; margin-bottom: 0.125rem; }
.unit { display: flex; align-items: center; gap: 0.5rem; }
.buttons { margin-top: 0.25rem; }
.now { padding: 0.5rem 0.75rem; border-radius: 0.5rem; overflow-wrap: anywhere;
  background: var(--raised); border-left: 3px solid var(--fault); }

.bars { list-style: none; display: grid; gap: 0.625rem; max-height: 18rem;
  overflow-y: auto; }
.bars li { display: grid; grid-template-columns: auto 1fr auto;
  gap: 0.125rem 0.625rem; align-items: baseline; }
.bars code { min-width: 2.75rem; }
.bars .about { color: var(--soft); font-size: 0.8125rem; }
.bars progress { grid-column: 1 / -1; appearance: none; width: 100%;
  height: 0.375rem; border: 0; border-radius: 1rem; overflow: hidden;
  background: var(--line); color: var(--accent); }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: currentcolor;
  border-radius: 1rem; }
progress::-moz-progress-bar { background: currentcolor; border-radius: 1rem; }
[data-look="near"] progress { color: var(--client); }
[data-look="near"] .left { color: var(--client); }
[data-look="locked"] progress { color: var(--server); }
[data-look="locked"] .left { color: var(--server); font-weight: 600; }
[data-look="over"] { color: var(--soft); }

summary { padding: 0.5rem 0; cursor: pointer; border-radius: 0.25rem; }
details + details { border-top: 1px solid var(--line); }
details[open] { padding-bottom: 0.5rem; }
.count { margin-left: 0.5rem; color: var(--accent); font-size: 0.8125rem; }
.knob { display: grid; gap: 0 0.5rem; align-items: center; padding: 0.375rem 0;
  grid-template-columns: minmax(0, 1fr) auto auto 8.5rem; }
.knob > :nth-child(4) { grid-column: 4; }
.knob > .left { grid-column: 2; color: var(--fault); font-size: 0.8125rem; }
.knob > .back { grid-column: 3; border: 0; padding: 0.125rem 0.375rem;
  background: none; color: var(--accent); font-size: 1rem; line-height: 1; }
.knob > p { grid-column: 1 / -1; color: var(--soft); font-size: 0.8125rem;
  max-width: 42ch; }
input[type="number"] { text-align: right; appearance: textfield; }
input::-webkit-inner-spin-button { display: none; }
.knob > .wrong { color: var(--server); }
.changed label { color: var(--accent); font-weight: 600; }

@media (min-width: 64rem) {
  main { grid-template-columns: minmax(0, 1fr) 23.5rem; }
  .requests { position: sticky; top: 5.25rem; max-height: none;
    height: calc(100vh - 6.25rem); }
}
@media (max-width: 64rem) {
  header { position: static; }
  .figures { flex-basis: 100%; order: 3; flex-wrap: wrap;
    justify-content: start; }
  .actions { margin-left: auto; }
}
@media (max-width: 36rem) {
  header, main { padding-inline: 0.75rem; }
  .actions { margin-left: 0; width: 100%; }
  .live { margin-right: auto; justify-content: start; }
  .figures { display: grid; grid-template-columns: repeat(5, 1fr);
    gap: 0.5rem; }
  .figures > div, .figures .main { min-width: 0; text-align: left; }
  .figures .main { grid-column: span 2; }
  .graph { grid-column: 5; margin: 0; overflow: hidden; align-self: end; }
  .graph svg { width: 100%; }
  .end code, .end .delay { display: none; }
  thead th.time { width: 0; }
  th.time, td.time { padding: 0; visibility: hidden; font-size: 0; }
  th, td { padding-inline: 0.25rem; }
  th:nth-child(2), td:nth-child(2) { padding-left: 1rem; }
  thead th:nth-child(2) { width: 4rem; }
  thead th:nth-child(3) { width: 3.5rem; }
  thead th.end { width: 4.75rem; }
  .time small { font-size: 0; }
  .requests .hint { display: none; }
}
@media (prefers-reduced-motion: reduce) {
  * { animation: none !important; transition: none !important; }
}
]=]
