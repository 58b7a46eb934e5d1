// How the page looks: the receipt's design, for a phone in the sun first. No font, no picture, nothing by colour alone.
import { receiptStyle } from "../../receipts/output/html-style.js";

const layout = `
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
main{font-size:1.125rem}main.receipt{font-size:1rem}
body{min-height:100vh;display:flex;flex-direction:column}
main{width:100%;flex:1}
.top{border-bottom:1px solid var(--line)}
.top>div,.foot>div{max-width:42rem;margin:0 auto;padding:.75rem 1rem;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;
align-items:baseline;justify-content:space-between}
.top p{margin:0;font-weight:600}.top a,.foot a{text-underline-offset:.2em}
.foot{border-top:1px solid var(--line);font-size:.9375rem;color:var(--soft)}
.foot nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.15rem .9rem}
.foot nav a,.foot nav span,.top a,.top span{display:inline-block;padding:.35rem 0}
.foot [aria-current]{font-weight:700;color:var(--ink)}
main>h1{font-size:1.5rem;line-height:1.2;letter-spacing:0;color:var(--ink);margin:0 0 .15rem;font-weight:700}
main>h2{font-size:1.0625rem;letter-spacing:0;color:var(--ink);margin:2rem 0 .5rem}
.place{margin:0;color:var(--soft)}
.notice{border-left:.375rem solid var(--ink);background:var(--tint);padding:.75rem 1rem;margin:1rem 0 0;font-weight:600}
.bays{list-style:none;margin:1.25rem 0 0;padding:0;display:grid;gap:.75rem}
@media (min-width:34rem){.bays{grid-template-columns:1fr 1fr}}
.bay{display:grid;grid-template-columns:auto 1fr auto;gap:0 .9rem;align-items:center;padding:.9rem 1rem;
border:1px solid var(--line);border-radius:.5rem;color:inherit;text-decoration:none;min-height:4.5rem}
.bay:hover{border-color:var(--ink)}
.bay .sign{grid-row:1/3;width:2.25rem;height:2.25rem}
.bay .word{font-size:1.1875rem;font-weight:700;line-height:1.2;align-self:end}
.bay .about{grid-column:2;color:var(--soft);font-size:.9375rem;align-self:start}
.bay .go{grid-row:1/3;grid-column:3;width:.7rem;height:1.2rem;fill:none;stroke:var(--soft);stroke-width:2}
.sign{display:block;fill:none;stroke:currentColor;stroke-width:2.5;flex:none}
.sign.free,.sign.own{color:var(--accent)}.sign.solid{fill:currentColor;stroke:none}.sign .cut{stroke:var(--paper);fill:none}
.state{display:flex;gap:.9rem;align-items:center;margin:1.25rem 0 0;font-size:1.375rem;font-weight:700;line-height:1.2}
.state .sign{width:2.75rem;height:2.75rem}
.state small{font-size:.9375rem}
.prices{margin:.25rem 0 0;border-top:1px solid var(--line)}
.prices>div{display:grid;grid-template-columns:minmax(5.5rem,32%) 1fr;gap:0 1rem;padding:.6rem 0;
border-bottom:1px solid var(--line)}
.prices dt{color:var(--soft);font-size:.9375rem;padding-top:.15rem;overflow-wrap:anywhere}
.prices dd{margin:0;font-weight:700;font-variant-numeric:tabular-nums}
.prices .first dd{font-size:1.3rem;line-height:1.15}
.prices dd small{font-weight:400;font-size:.875rem}
.more{margin:.75rem 0 0;padding:0 0 0 1.1rem;color:var(--soft);font-size:.9375rem}.more li{margin:.2rem 0}
.would{background:var(--tint);border-left:.375rem solid var(--accent);border-radius:.25rem;padding:.75rem 1rem;
margin:1rem 0 0;display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem;align-items:baseline}
.would strong{font-size:1.375rem}
.live{margin:1.25rem 0 0;display:grid;grid-template-columns:1fr 1fr;gap:.6rem}
.live>div{background:var(--tint);border-radius:.25rem;padding:.65rem .8rem}
.live dt{font-size:.875rem;color:var(--soft)}
.live dd{margin:.1rem 0 0;font-size:1.125rem;font-weight:700;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.live .cost,.live .energy{border-left:.375rem solid var(--accent)}
.live .cost dd,.live .energy dd{font-size:1.25rem;line-height:1.25}
.prices.rest>div{grid-template-columns:minmax(6.5rem,1fr) fit-content(64%)}.prices.rest{margin-top:1rem}.prices.rest dd{text-align:right}
@media (min-width:34rem){.live{grid-template-columns:repeat(4,1fr)}}
main>.place{margin-top:0}p.keep,p.stop-how{margin:1.25rem 0 0}
form.plain{border:0;padding:0;margin:.5rem 0 0}
.curve{max-width:none}
@media (max-width:22rem){.live{grid-template-columns:1fr}.prices>div{grid-template-columns:1fr}}
form{margin:1.25rem 0 0;padding:1rem;border:1px solid var(--line);border-radius:.5rem}
form h2{margin:0 0 .5rem;font-size:1.0625rem;letter-spacing:0;color:var(--ink)}
label{display:block;font-weight:600;margin:.75rem 0 .25rem}
label+p{margin:0 0 .35rem}
form p{margin:.35rem 0;color:var(--soft);font-size:.9375rem}
form .bad{color:var(--ink);font-weight:700;border-left:.375rem solid var(--ink);padding-left:.6rem}
input,select,textarea{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:.375rem;
padding:.6rem .7rem;width:100%;max-width:20rem;min-height:3rem;display:block}
button,.button{font:inherit;font-weight:700;display:inline-block;margin:.9rem 0 0;padding:.7rem 1.2rem;min-height:3rem;
border:2px solid var(--ink);border-radius:.375rem;background:var(--ink);color:var(--paper);cursor:pointer;
text-decoration:none}
.button{background:var(--paper);color:var(--ink)}
form textarea{max-width:none}
.complaints h3{margin:0;font-size:1rem}.complaints blockquote{margin:.5rem 0;font-weight:400;white-space:pre-wrap;
overflow-wrap:anywhere}.complaints .notice p{margin:.4rem 0 0;font-weight:400}.complaints summary{cursor:pointer;
font-weight:600;padding:.6rem 0}
.row{display:flex;flex-wrap:wrap;gap:0 .75rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-100vw}.skip:focus{left:0;background:var(--paper);padding:.6rem 1rem;z-index:1}
@media print{.top,.foot,.keep,form,.skip{display:none}}
`;

/** The style sheet of every page but the display. */
export const pageStyle = `${receiptStyle}${layout}.address{overflow-wrap:anywhere;color:var(--soft,#333)}figure.pay{margin:8px 0}
figure.pay svg{display:block;max-width:100%;height:auto}
a.pay{display:inline-block;padding:10px 16px;border:2px solid;font-weight:700}
`;
