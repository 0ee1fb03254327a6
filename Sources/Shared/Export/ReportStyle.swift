/// The report's style sheet: light and dark, on a screen and on paper.
enum ReportStyle {
    static let text = #"""
        :root { color-scheme: light dark; \#(light) }
        @media (prefers-color-scheme: dark) { :root { \#(dark) } }
        :root[data-theme="light"] { color-scheme: light; \#(light) }
        :root[data-theme="dark"] { color-scheme: dark; \#(dark) }
        * { box-sizing: border-box }
        [hidden] { display: none !important }
        html { scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100% }
        body { margin: 0; background: var(--page); color: var(--text); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif }
        main, header > div { max-width: 90rem; margin: 0 auto; padding: 0 1.5rem }
        h1 { font-size: 1.5rem; line-height: 1.2; margin: 1.5rem 0 .25rem }
        h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem }
        h3 { font-size: 1.05rem; margin: 0 }
        h4 { font-size: .95rem; font-weight: 600; margin: 0; overflow-wrap: anywhere }
        p { margin: .25rem 0 }
        a { color: var(--accent) }
        small, .faint { color: var(--faint); font-size: .857rem; font-weight: 400 }
        code, pre, .path { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px }
        .skip { position: absolute; left: -99rem }
        .skip:focus { left: 1rem; top: .5rem; z-index: 9; background: var(--card); padding: .25rem .75rem }
        .bar { position: sticky; top: 0; z-index: 5; background: var(--page); border-bottom: 1px solid var(--line) }
        .bar > div { max-width: 90rem; margin: 0 auto; padding: .6rem 1.5rem; display: flex; gap: 1.25rem; align-items: center; flex-wrap: wrap }
        .bar nav { display: flex; gap: 1rem }
        .bar nav a { color: var(--text); text-decoration: none; padding: .15rem 0 }
        .bar nav a:hover { color: var(--accent) }
        .tools { margin-left: auto; display: flex; gap: .5rem; align-items: center; flex: 1; justify-content: flex-end; min-width: 16rem }
        input[type="search"] { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--edge); border-radius: 6px; padding: .3rem .6rem; width: 100%; max-width: 22rem }
        button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--edge); border-radius: 6px; padding: .3rem .7rem; cursor: pointer; white-space: nowrap }
        button:hover { border-color: var(--accent) }
        :root:not(.js) .needs-script { display: none }
        .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1rem 0 }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .7rem 1rem }
        .card b { display: block; font-size: 1.35rem; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums }
        .notice { border: 1px solid var(--line); border-left: 4px solid var(--good); border-radius: 8px; background: var(--card); padding: .7rem 1rem; margin: .75rem 0 }
        .notice.lossy { border-left-color: var(--warn) }
        .notice ul { margin: .25rem 0 0; padding-left: 1.2rem }
        .balance { display: block; width: 100%; height: 10px; border-radius: 5px; margin: .5rem 0 .35rem; overflow: hidden }
        .legend { display: flex; gap: .25rem 1.25rem; flex-wrap: wrap }
        .legend i { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .4em }
        .f-parsed { fill: var(--good); background: var(--good) } .f-recognised { fill: var(--accent); background: var(--accent) }
        .f-gaps { fill: var(--bad); background: var(--bad) } .f-unparsed { fill: var(--warn); background: var(--warn) }
        .graph { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: auto; max-height: 80vh; margin: 0 }
        .graph svg { display: block; margin: 0 auto }
        .graph.fit svg { max-width: 100%; height: auto }
        .graph text { font-size: 11px; fill: var(--dim) }
        .graph .name { font-size: 13px; font-weight: 600; fill: var(--text) }
        .graph a { text-decoration: none }
        .graph a:hover .box, .graph a:focus .box { stroke: var(--accent) }
        .graph .edge path { fill: none; stroke: var(--wire) }
        .graph .edge .arrow { fill: var(--wire); stroke: none }
        .graph .edge .label { text-anchor: end }
        .graph .edge.trouble path { stroke: var(--bad) }
        .graph .edge.trouble .arrow { fill: var(--bad); stroke: none }
        .graph .label.trouble { fill: var(--bad) }
        .graph .box { fill: var(--page); stroke: var(--edge) }
        .graph .stripe { fill: var(--accent) }
        .graph .database .stripe { fill: var(--database) } .graph .cache .stripe { fill: var(--cache) } .graph .bus .stripe { fill: var(--queue) }
        .graph .external .stripe, .graph .encrypted .stripe, .graph .unknown .stripe { fill: var(--wire) }
        .graph .external .box, .graph .encrypted .box, .graph .unknown .box { stroke-dasharray: 4 3 }
        .graph .dim { opacity: .2 }
        .service { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 1rem; content-visibility: auto; contain-intrinsic-size: auto 24rem }
        .service > h3 { padding: .8rem 1rem .1rem; overflow-wrap: anywhere }
        .service > p { padding: 0 1rem }
        .peer { padding: .7rem 1rem .3rem; border-top: 1px solid var(--line); margin-top: .6rem }
        .scroll { overflow-x: auto; margin: 0 -1rem; padding: 0 1rem }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
        th, td { text-align: right; padding: .28rem .6rem; vertical-align: baseline; white-space: nowrap; font-weight: 400 }
        th:first-child, td:first-child, .left { text-align: left }
        thead th { color: var(--faint); font-size: .857rem; border-bottom: 1px solid var(--line) }
        thead button { border: 0; background: none; padding: 0; color: inherit }
        thead [aria-sort="descending"] button::after { content: " ↓" } thead [aria-sort="ascending"] button::after { content: " ↑" }
        tbody tr + tr { border-top: 1px solid var(--line) }
        tbody tr:hover { background: var(--hover) }
        .operations, .operations thead, .operations tbody { display: block }
        .operations tr { display: grid; grid-template-columns: minmax(15rem, 1fr) 8rem 5rem 5.5rem 4.5rem 5.5rem 5.5rem 5.5rem 5.5rem; align-items: baseline; min-width: 60rem }
        .operations tbody tr { content-visibility: auto; contain-intrinsic-height: auto 2rem }
        .operations .detail { display: block; content-visibility: visible }
        .operations th[scope="row"] { white-space: normal; overflow-wrap: anywhere }
        .operations thead th:nth-child(2), .operations td:nth-child(2) { text-align: left }
        .open { border: 0; background: none; padding: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; display: inline-flex; gap: .6rem; align-items: baseline }
        .open::before { content: "▸"; color: var(--faint); flex: none; width: .8em } .open[aria-expanded="true"]::before { content: "▾" }
        :root:not(.js) .open::before { content: none }
        .method { font-weight: 650; font-size: .857rem; color: var(--accent); min-width: 3.4em; flex: none }
        .tag { display: inline-block; border: 1px solid var(--edge); border-radius: 99px; padding: 0 .55em; font-size: .786rem; color: var(--dim); margin-left: .4rem; white-space: nowrap }
        .errors, .failed { color: var(--bad) }
        .spark { width: 100%; height: 18px; vertical-align: middle; border-bottom: 1px solid var(--line); fill: var(--accent); opacity: .85 } .spark .e { fill: var(--bad) }
        .detail > td { display: block; background: var(--page); white-space: normal; text-align: left; padding: .8rem 1rem 1rem }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.25rem; margin: 0 0 .75rem } dt { color: var(--faint) } dd { margin: 0; overflow-wrap: anywhere }
        .variants { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: .75rem; margin: .25rem 0 .75rem }
        .variants figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; background: var(--card); overflow: hidden } .variants figcaption { padding: .3rem .8rem; color: var(--faint); border-bottom: 1px solid var(--line); font-size: .857rem }
        pre { margin: 0; padding: .6rem .8rem; overflow: auto; max-height: 24rem; line-height: 1.45; tab-size: 2 }
        .account { background: var(--card); border: 1px solid var(--line); border-radius: 10px; max-height: none }
        .filters { display: flex; gap: 1rem; align-items: center; flex-wrap: wrap; margin: 0 0 .6rem }
        .exchanges { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto; padding: .25rem .5rem .5rem }
        .exchanges .what { white-space: normal; overflow-wrap: anywhere; min-width: 16rem }
        tr.failed td:nth-child(4) { color: var(--bad); font-weight: 600 }
        dialog { color: inherit; background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 1.25rem 1.5rem; max-width: 30rem } dialog::backdrop { background: rgb(0 0 0 / .45) }
        kbd { font: inherit; font-size: .857rem; border: 1px solid var(--edge); border-bottom-width: 2px; border-radius: 4px; padding: 0 .4em; background: var(--page) }
        footer { color: var(--faint); padding: 2rem 0 3rem; font-size: .857rem }
        @media screen and (max-width: 50rem) { html { scroll-padding-top: 8rem } main, .bar > div, header > div { padding-left: 1rem; padding-right: 1rem } .hides { display: none } .operations tr { grid-template-columns: minmax(12rem, 1fr) 4.5rem 4rem 5.5rem 5.5rem; min-width: 34rem } .tools { flex-basis: 100%; justify-content: flex-start } }
        @media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth } .graph .edge, .graph .node { transition: opacity .12s } }
        @media print {
        :root, :root[data-theme] { color-scheme: light; \#(light) }
        body { font-size: 9.5pt; background: none } .bar, .tools, .filters, .needs-script, button.more, .skip { display: none !important }
        .graph { max-height: none; overflow: visible } .graph svg { max-width: 100%; height: auto }
        .service, .operations tbody tr { content-visibility: visible; break-inside: auto } .operations tr { min-width: 0; grid-template-columns: minmax(8rem, 1fr) 6rem 3.5rem 4rem 3.5rem 4.5rem 4.5rem 4.5rem 4.5rem } .scroll, .exchanges { overflow: visible }
        tr, h3, h4, .card, .notice { break-inside: avoid } h2, h3, h4 { break-after: avoid } .open::before { content: none } pre { max-height: none; white-space: pre-wrap }
        thead { display: table-header-group }
        }
        """#

    /// Every text has at least 4.5 : 1 to what it stands on (WCAG 2.2, 1.4.3), in both.
    private static let light = """
        --page: #f6f8fa; \
        --card: #ffffff; \
        --hover: #f1f5f9; \
        --text: #0f172a; \
        --dim: #475569; \
        --faint: #5b6b80; \
        --line: #e2e8f0; \
        --edge: #cbd5e1; \
        --wire: #94a3b8; \
        --accent: #1d4ed8; \
        --good: #15803d; \
        --warn: #b45309; \
        --bad: #b91c1c; \
        --database: #7c3aed; \
        --cache: #d97706; \
        --queue: #059669
        """

    private static let dark = """
        --page: #0d1117; \
        --card: #151b23; \
        --hover: #1c2430; \
        --text: #e6edf3; \
        --dim: #a6b1be; \
        --faint: #8d98a5; \
        --line: #262d37; \
        --edge: #3a4450; \
        --wire: #64748b; \
        --accent: #79a8ff; \
        --good: #3fb950; \
        --warn: #d29922; \
        --bad: #f87171; \
        --database: #a78bfa; \
        --cache: #f59e0b; \
        --queue: #34d399
        """
}
