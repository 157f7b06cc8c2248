extension CrawlReportPage {
  /// The style sheet: a light page, and a dark one where the reader prefers that.
  static let style = """
    :root { --page: #f4f6f8; --panel: #ffffff; --ink: #1a2230; --soft: #5f6b7a; --line: #e2e7ed; --track: #eef1f5;
      --ok: #2b8a99; --file: #6d6fd1; --duplicate: #a78bd6; --redirect: #dd9a1c; --broken: #d33f52; --excluded: #aab4c0;
      --time: #2f6fbf; --light: 40%; --step: 5%; --strong: 46%; --link: #15618f; --ring: #ffffff;
      --shadow: 0 1px 2px rgba(20,30,45,.06), 0 6px 22px rgba(20,30,45,.05) }
    @media (prefers-color-scheme: dark) { :root { --page: #0d1219; --panel: #151c26; --ink: #e8edf4; --soft: #93a0b1;
      --line: #263140; --track: #1e2733; --ok: #3aa5b0; --file: #8486e6; --duplicate: #b79ce6; --redirect: #e0a63a;
      --broken: #ea5a6b; --excluded: #5a6675; --time: #5b9be6; --light: 40%; --step: -4%; --strong: 42%; --link: #74bce8;
      --ring: #151c26; --shadow: none } }
    * { box-sizing: border-box }
    body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
      "Noto Sans", "DejaVu Sans", sans-serif; -webkit-font-smoothing: antialiased }
    main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 56px }
    header { margin-bottom: 26px }
    h1 { font-size: 34px; line-height: 1.15; margin: 2px 0 6px; letter-spacing: -.02em; overflow-wrap: anywhere }
    h2 { font-size: 17px; margin: 0 0 4px; letter-spacing: -.01em }
    p { margin: 0 }
    .kind { color: var(--ok); font-weight: 650; font-size: 13px; letter-spacing: .09em; text-transform: uppercase }
    .soft { color: var(--soft); font-size: 13.5px }
    .panel, .card { background: var(--panel); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow) }
    .panel { padding: 22px 24px; margin-top: 18px; overflow-x: auto }
    .notice { margin-top: 18px; padding: 12px 18px; border-radius: 10px; border: 1px solid var(--redirect) }
    .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 14px }
    .card { padding: 15px 18px 16px; border-top: 3px solid var(--k) }
    .card .name { color: var(--soft); font-size: 13px }
    .card .value { font-size: 27px; font-weight: 680; line-height: 1.25; letter-spacing: -.02em;
      font-variant-numeric: tabular-nums; white-space: nowrap }
    .card .soft { font-size: 12.5px }
    .k-ok { --k: var(--ok) } .k-file { --k: var(--file) } .k-duplicate { --k: var(--duplicate) }
    .k-redirect { --k: var(--redirect) } .k-broken { --k: var(--broken) } .k-excluded { --k: var(--excluded) }
    .k-time { --k: var(--time) }
    .picture { display: grid; grid-template-columns: minmax(0, 1.45fr) minmax(280px, 1fr); gap: 34px; align-items: center }
    .site { display: block; width: 100%; max-width: 660px; margin: 0 auto }
    .site path { transition: opacity .12s }
    .site .sector:hover path { opacity: .72 }
    .site .ok { fill: hsl(var(--h) 47% calc(var(--light) + var(--l) * var(--step))) }
    .site .more { fill: hsl(var(--h) 20% calc(var(--strong) + 9% + var(--l) * var(--step))) }
    .site .file { fill: var(--file) } .site .duplicate { fill: var(--duplicate) } .site .redirect { fill: var(--redirect) }
    .site .broken { fill: var(--broken) } .site .excluded { fill: var(--excluded) }
    .site .hole { fill: var(--panel) }
    .site text { font: 11.5px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
      text-anchor: middle; fill: #fff; pointer-events: none }
    .site .total { font-size: 38px; font-weight: 700; fill: var(--ink); letter-spacing: -.02em }
    .site .unit { font-size: 14px; fill: var(--soft) }
    .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 14px 0; font-size: 13.5px }
    .legend i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; background: var(--k); margin-right: 7px }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr)); gap: 0 18px }
    table { border-collapse: collapse; width: 100%; font-size: 13.5px }
    .charts table, .sections { margin-top: 10px }
    th { font-weight: 500; text-align: left; white-space: nowrap; padding: 3px 12px 3px 0 }
    .bar { width: 100% } .bar span { display: flex; height: 12px; border-radius: 4px; overflow: hidden; background: var(--track) }
    .bar i { background: var(--k); flex: none } .bar i + i { border-left: 1px solid var(--panel) }
    .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; padding-left: 12px }
    .columns { display: flex; align-items: stretch; gap: 2px; height: 170px; margin-top: 14px; border-bottom: 1px solid var(--line) }
    .columns i { flex: 1; display: flex; align-items: flex-end } .columns b { flex: 1; background: var(--time); border-radius: 3px 3px 0 0 }
    .marks { display: grid; grid-template-columns: repeat(4, 1fr); margin-top: 10px; font-variant-numeric: tabular-nums }
    .list { margin-top: 12px } .list thead th { color: var(--soft); font-size: 12.5px; border-bottom: 1px solid var(--line) }
    .list td, .list thead th { padding: 7px 16px 7px 0; vertical-align: top } .list .n { padding-left: 0 }
    .list td { border-bottom: 1px solid var(--line) } .list tr:last-child td { border-bottom: 0 }
    .list td:last-child, .list th:last-child { padding-right: 0 }
    .list td:not(.n):last-child { width: 40% }
    .url { color: var(--link); text-decoration: none; overflow-wrap: anywhere } a.url:hover { text-decoration: underline }
    .why { color: var(--broken) }
    .badge { display: inline-block; min-width: 38px; text-align: center; padding: 0 7px; border-radius: 6px; font-size: 12px;
      line-height: 20px; font-weight: 600; font-variant-numeric: tabular-nums; color: #fff; background: var(--k) }
    .count { font-weight: 500; color: var(--soft); margin-left: 4px }
    details { margin-top: 8px } summary { cursor: pointer; color: var(--link); font-size: 13.5px }
    code { font: 12.5px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; background: var(--track);
      padding: 1px 6px; border-radius: 5px }
    footer { margin-top: 30px; color: var(--soft); font-size: 12.5px }
    @media (max-width: 860px) { .picture { grid-template-columns: minmax(0, 1fr) } .charts { grid-template-columns: minmax(0, 1fr) } }
    @media print { body { background: #fff } .panel, .card { box-shadow: none; break-inside: avoid } }
    """
}
