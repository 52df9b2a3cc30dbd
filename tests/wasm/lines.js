// A decision as a line of bits, as tests/wasm/native.c prints it. For Node and for a page.
const view = new DataView(new ArrayBuffer(8));

function bits(v) {
  view.setFloat64(0, v);
  return view.getUint32(0).toString(16).padStart(8, '0') + view.getUint32(4).toString(16).padStart(8, '0');
}

export const policy = Object.freeze({ valueUsd: 0.01 });

export function line(router, d) {
  const e = router.tiers.map((t) => d.estimates[t]);
  return [d.tier, d.entries, d.reason, ...e.map((x) => bits(x.probability)),
    ...e.map((x) => (x.costUsd === null ? '-' : bits(x.costUsd))), bits(d.familiarity), bits(d.margin)].join(' ');
}

export function decideAll(router, text) {
  const out = [];
  for (const l of text.split('\n')) if (l) out.push(line(router, router.route(JSON.parse(l), policy)));
  return out.join('\n') + '\n';
}
