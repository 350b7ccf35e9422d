/** The style of all pages that are written as files: light and dark, one column on a phone and two on a desktop. */
export const style = `
:root {
  --page: #f5f6f8; --card: #ffffff; --ink: #1b1f24; --soft: #5b6470; --line: #e3e6ea;
  --accent: #2563eb; --wash: #e8effd; --shadow: 0 1px 2px rgb(20 30 50 / .05), 0 6px 20px rgb(20 30 50 / .04);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #161b22; --ink: #e6eaf0; --soft: #9aa5b3; --line: #272e38;
    --accent: #7cabff; --wash: #14213a; --shadow: none;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif;
  -webkit-text-size-adjust: 100%; overflow-wrap: anywhere;
}
header, main, footer { max-width: 1160px; margin: 0 auto; padding: 0 clamp(14px, 3vw, 32px); }
header { padding-top: clamp(24px, 5vw, 56px); padding-bottom: 8px; }
.brand { display: flex; align-items: center; gap: 9px; margin: 0; color: var(--accent); font-weight: 650; }
.brand span { color: var(--soft); font-weight: 400; }
h1 { margin: 18px 0 6px; font-size: clamp(2rem, 5.5vw, 3.2rem); line-height: 1.1; letter-spacing: -.025em; font-weight: 720; }
.verdict { margin: 0; font-size: clamp(1.1rem, 2.6vw, 1.45rem); line-height: 1.4; color: var(--ink); max-width: 60ch; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 0; margin: 16px 0 0; padding: 0; list-style: none; color: var(--soft); font-size: .92rem; }
.facts li:not(:last-child)::after { content: "·"; margin: 0 .6em; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: clamp(12px, 2vw, 20px); padding-top: 20px; }
.wide, .numbers { grid-column: 1 / -1; }
.numbers dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: clamp(10px, 1.5vw, 16px); margin: 0; }
.numbers dl > div, .card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); min-width: 0; }
.numbers dl > div { padding: 14px 18px 16px; }
.numbers dl > div:first-child { background: var(--wash); border-color: transparent; }
.numbers dl > div:first-child dd:not(.hint) { color: var(--accent); }
dt { color: var(--soft); font-size: .86rem; }
dd { margin: 2px 0 0; font-size: clamp(1.25rem, 4vw, 1.55rem); line-height: 1.2; font-weight: 680; letter-spacing: -.015em; font-variant-numeric: tabular-nums; }
dd.hint { margin-top: 5px; font-size: .82rem; line-height: 1.35; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.card { padding: clamp(14px, 2.2vw, 24px); }
h2 { margin: 0; font-size: 1.12rem; line-height: 1.3; letter-spacing: -.01em; font-weight: 680; }
.lead { margin: 3px 0 0; color: var(--soft); font-size: .92rem; }
.lead b { color: var(--ink); }
.card img { display: block; max-width: 100%; height: auto; margin: 16px auto 0; border-radius: 5px; }
.chart { margin: 10px -10px -8px; }
.chart svg { display: block; width: 100%; max-width: 600px; height: auto; margin: 0 auto; color: var(--ink); }
.chart .paper { fill: none; }
.chart .halo { stroke: var(--card); }
.note { margin: 14px 0 0; padding: 12px 16px; border: 1px dashed var(--line); border-radius: 10px; color: var(--soft); font-size: .92rem; }
table { width: 100%; margin-top: 12px; border-collapse: collapse; font-size: .92rem; }
th, td { padding: 7px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-variant-numeric: tabular-nums; }
tbody tr:last-child > * { border-bottom: 0; }
th { padding-right: 16px; font-weight: 400; color: var(--soft); }
.facts-table th { width: 38%; }
.times td { white-space: nowrap; padding-right: 16px; }
.times .share { width: 45%; padding-right: 0; color: var(--soft); }
.bar { display: block; height: 5px; min-width: 2px; margin-top: 3px; border-radius: 3px; background: var(--accent); }
.columns { margin-top: 12px; columns: 2 400px; column-gap: 40px; }
.columns table { margin: 0; }
.columns tbody tr > * { border-bottom: 1px solid var(--line); }
.columns td { font-family: ui-monospace, monospace; font-size: .86rem; }
pre { margin: 12px 0 0; padding: 14px 16px; border-radius: 10px; background: var(--page); border: 1px solid var(--line); white-space: pre-wrap; font: .9rem/1.5 ui-monospace, monospace; }
footer { padding-top: 28px; padding-bottom: 40px; color: var(--soft); font-size: .86rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print { .card, .numbers dl > div { break-inside: avoid; box-shadow: none; } }
`;
