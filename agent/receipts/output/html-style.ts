// How a receipt's page looks: for a phone first, for a dark room, and for paper. No font, no picture, no script.

/** The style sheet of a receipt's page. */
export const receiptStyle = `
:root{color-scheme:light dark;--ink:#14181c;--soft:#4a5560;--line:#c9d0d6;--paper:#fff;--tint:#eef3f1;--accent:#0b5f49}
@media (prefers-color-scheme:dark){
:root{--ink:#eef1f3;--soft:#b3bdc6;--line:#47525c;--paper:#14181c;--tint:#1e2729;--accent:#7fd6b8}}
*{box-sizing:border-box}
body{font:1rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;color:var(--ink);
background:var(--paper);margin:0}
main{max-width:42rem;margin:0 auto;padding:1.25rem 1rem 2rem}
header p{margin:0;color:var(--soft);font-size:.875rem}
header .name{color:var(--ink);font-size:1.0625rem;font-weight:600}
h1{font-size:.875rem;font-weight:600;letter-spacing:.08em;margin:1rem 0 0;color:var(--soft)}
h2,caption{font-size:.8125rem;font-weight:700;letter-spacing:.07em;text-align:left;color:var(--soft)}
h2{margin:2rem 0 .4rem}
caption{padding:0 0 .4rem}
.mark{border:.1875rem double var(--ink);padding:.5rem .75rem;font-weight:700;margin:.75rem 0}
.glance{background:var(--tint);border-left:.375rem solid var(--accent);border-radius:.25rem;
padding:1rem;margin:.5rem 0 0;display:flex;flex-wrap:wrap;align-items:flex-end;justify-content:space-between;gap:.45rem 1.25rem}
.glance>div{flex:1 0 100%;display:grid;grid-template-columns:5.5rem 1fr;gap:.5rem}
.glance dt{color:var(--soft);font-size:.875rem;padding-top:.125rem}
.glance dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.glance .total,.glance .energy{display:block;flex:0 1 auto;padding-bottom:.35rem}
.glance .total dd,.glance .energy dd{font-size:1.375rem;line-height:1.15;font-weight:700;white-space:nowrap}
.glance .total dd{font-size:2rem;line-height:1.05}
a{color:inherit}
.whole{white-space:nowrap}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums;margin-top:2rem}
th,td{text-align:left;vertical-align:top;padding:.5rem 0;font-weight:400;border-top:1px solid var(--line)}
th:last-child,td:last-child{text-align:right;white-space:nowrap;padding-left:1rem}
thead th{font-size:.8125rem;color:var(--soft);padding:.2rem 0}
tbody th{font-weight:600}tbody th span{font-weight:400}
small{display:block;font-size:.8125rem;font-weight:400;color:var(--soft)}
tfoot .total>*{border-top:2px solid var(--ink);border-bottom:4px double var(--ink);font-size:1.25rem;font-weight:700}
tfoot tr:not(.total)>*{border:0;font-size:.8125rem;color:var(--soft);padding:.35rem 0 0}
figure{margin:1.5rem 0 0}
.curve{display:block;width:100%;max-width:34rem;height:auto;font:11px system-ui,sans-serif;fill:var(--soft)}
.curve path{fill:none}.curve .area{fill:var(--accent);opacity:.16}
.curve .power{stroke:var(--accent);stroke-width:2}.curve .cost{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 3}
.curve .frame{stroke:var(--line)}
.facts{display:grid;grid-template-columns:minmax(7rem,10rem) 1fr;gap:.3rem 1rem;margin:0;font-size:.9375rem}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.help .facts{font-size:1rem}.help dd{font-weight:600}
.details .facts{font-size:.875rem}
.check{border-top:1px dashed var(--soft);margin-top:2.5rem}.check h2{margin-top:1rem}
.check .facts,.notices{font-size:.8125rem}.check dd{font-family:ui-monospace,"Liberation Mono",monospace}
.check figure svg{display:block;width:60mm;max-width:100%;height:auto}
.notices{color:var(--soft);margin-top:1.5rem}.notices p{margin:.4rem 0}
@media (min-width:40rem),print{.check{display:grid;grid-template-columns:1fr auto;gap:0 1.5rem}
.check h2{grid-column:1/-1}.check figure{margin:0}.check .facts{grid-template-columns:7rem 1fr}
.check figure svg{width:42mm}}
@media (max-width:30rem){.check .facts{grid-template-columns:1fr;gap:0}
.check dd{margin-bottom:.45rem}.facts{grid-template-columns:fit-content(8rem) 1fr;gap:.3rem .75rem}}
@media (max-width:22rem){.whole{white-space:normal}th:last-child,td:last-child{padding-left:.5rem}}
@media print{:root{--ink:#000;--soft:#333;--line:#999;--paper:#fff;--tint:#f2f2f2;--accent:#333}
body{font-size:10pt}main{max-width:none;padding:0}tr,figure,.glance,.help,.payment{break-inside:avoid}
h2{break-after:avoid;margin-top:1.3rem}table{margin-top:1.3rem}
.glance{print-color-adjust:exact;border:1px solid #999;border-left:.375rem solid #000}
.curve{max-width:16rem}.glance{padding:.6rem 1rem}figure{margin-top:.8rem}th,td{padding:.3rem 0}
.facts,.help .facts,.details .facts{font-size:9pt;gap:.15rem 1rem}.check .facts,.notices{font-size:8pt}
.check{margin-top:1.3rem}@page{size:A4;margin:12mm 15mm}}
`;
