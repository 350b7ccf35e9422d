/** Colours that tell the engines apart in light and dark; the report's accent is hestenes'. */
export const bars = `
.bench { display: grid; grid-template-columns: 7.5em 1fr 3.8em 15.5em; gap: 3px 10px; align-items: center; margin: 4px 0 16px; font-size: .86rem; font-variant-numeric: tabular-nums; }
.bench .who { color: var(--soft); } .bench .own { color: var(--ink); font-weight: 650; }
.bench .track { background: var(--page); border-radius: 4px; }
.bench .fill { display: block; height: 14px; min-width: 2px; border-radius: 4px; background: var(--accent); }
.bench .tfjs-webgpu { background: #d97706; } .bench .jax-js { background: #0d9488; } .bench .torch { background: #808a96; }
.bench .ml-matrix { background: #8b5cf6; } .bench .svd-js { background: #db2777; } .bench .numeric { background: #a16207; }
.bench .figures { color: var(--soft); white-space: nowrap; } .bench .figures.own { color: var(--ink); font-weight: 400; }
.bench b { text-align: right; white-space: nowrap; }
.cases { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 510px), 1fr)); gap: 0 40px; }
.bench .why { color: var(--soft); font-style: italic; grid-column: 2 / -1; }
.scroll { overflow-x: auto; }
.ratios, .profile { border-collapse: collapse; margin: 12px 0 0; font-size: .9rem; font-variant-numeric: tabular-nums; }
.ratios :is(th, td), .profile :is(th, td) { padding: 4px 0 4px 22px; text-align: right; white-space: nowrap; font-weight: 400; border-top: 1px solid var(--line); }
.ratios :is(th, td):first-child, .profile :is(th, td):first-child { padding-left: 0; text-align: left; }
.ratios thead th, .profile thead th { border-top: 0; color: var(--soft); } .ratios small { color: var(--soft); } .ratios tr:last-child > * { font-weight: 650; }
.profile { width: 100%; font-size: .84rem; margin-bottom: 18px; } .profile .part { width: 22%; vertical-align: middle; }
.profile .part i { display: block; height: 9px; min-width: 1px; border-radius: 3px; background: var(--accent); }
h3 { margin: 18px 0 2px; font-size: .98rem; font-weight: 620; } h3 small { color: var(--soft); font-weight: 400; }
@media (max-width: 560px) { .bench { grid-template-columns: 7.5em 1fr 3.8em; } .bench .figures { grid-column: 2 / -1; white-space: normal; } }
`;
