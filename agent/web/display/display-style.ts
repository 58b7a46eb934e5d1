// How the display looks: 800x480, read from two metres and in the sun. Nothing moves.

export const displayStyle = `
:root{color-scheme:light;--ink:#000;--soft:#333;--line:#888;--paper:#fff;--tint:#eef3f1;--accent:#0b5f49}
*{box-sizing:border-box}
html,body{height:100%;margin:0;overflow:hidden}
body{font:20px/1.25 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;color:var(--ink);
background:var(--paper)}
.screens{height:100vh;display:flex;flex-direction:column}
header{display:flex;justify-content:space-between;align-items:baseline;gap:20px;padding:8px 16px;border-bottom:2px solid}
header h1{font-size:22px;margin:0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header p{margin:0;white-space:nowrap}
.screen{flex:1;display:grid;grid-template-columns:1fr 1fr;min-height:0}
.screen.one{grid-template-columns:1fr}.screen.many{grid-template-rows:1fr 1fr}
.notice{grid-column:1/-1;margin:0;padding:10px 16px;background:#000;color:#fff;font-weight:700;align-self:start}
section{padding:10px 16px;min-width:0;min-height:0;display:flex;flex-direction:column;gap:6px}
section+section{border-left:2px solid var(--line)}
.screen.many section:nth-of-type(odd){border-left:0}.screen.many section:nth-of-type(n+3){border-top:2px solid var(--line)}
h2{display:flex;align-items:center;gap:10px;margin:0;font-size:26px;line-height:1.1}
h2 span{min-width:0}h2 small{display:block;font-size:21px;font-weight:600}
.sign{flex:none;width:44px;height:44px;fill:none;stroke:currentColor;stroke-width:2.5}
.sign.solid{fill:currentColor;stroke:none}.sign .cut{stroke:#fff;fill:none}.sign.free,.sign.own{color:var(--accent)}
dl{margin:0}dl>div{display:flex;justify-content:space-between;gap:12px;align-items:baseline;padding:3px 0}
dt{color:var(--soft);font-size:18px}dd{margin:0;font-weight:700;text-align:right;font-variant-numeric:tabular-nums}
.big dd{font-size:30px}.first dd{font-size:25px}
section p{margin:0}.how{color:var(--soft);font-size:18px}.many .how{display:none}
.codes{display:flex;gap:16px;margin-top:auto;align-items:flex-start}
figure{margin:0;font-size:16px;line-height:1.2;max-width:190px}
figure svg{display:block;margin-bottom:2px}figure:not(.pay) svg{width:150px;height:150px}
.pay{max-width:none;display:flex;align-items:center;gap:12px;font-size:20px;font-weight:600}
.one figure:not(.pay) svg{width:170px;height:170px}.many figure:not(.pay) svg{width:96px;height:96px}
.many .codes{position:static}.many section{display:grid;grid-template-columns:1fr auto;align-content:start}
.many h2{grid-column:1/-1;font-size:22px}.many .sign{width:32px;height:32px}.many .first dd,.many .big dd{font-size:22px}
.one section{font-size:22px}.one h2{font-size:34px}
`;
