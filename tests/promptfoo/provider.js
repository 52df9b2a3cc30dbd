// Three tiers that no one has to pay for. A tier answers "right" or "wrong" by how hard the task's words
// are and by a hash of the prompt: the same on every run, and learnable.
const skill = { small: 1, medium: 2, large: 3 };
const price = { small: [0.1, 0.4], medium: [0.5, 2], large: [2, 10] }; // USD per million tokens

function hash(text) {
  let h = 2166136261;
  for (const c of text) h = Math.imul(h ^ c.charCodeAt(0), 16777619) >>> 0;
  return h / 4294967296;
}

module.exports = class {
  constructor(options) {
    this.tier = options.config.tier;
  }
  id() {
    return `fake:${this.tier}`;
  }
  async callApi(prompt) {
    if (this.tier === 'large' && prompt.includes('Translate') && prompt.includes('the harbour')) {
      return { error: 'the container died' }; // an infrastructure failure, not a wrong answer
    }
    const hard = /prove|derive|optimal/i.test(prompt) ? 2 : /debug|plan|compare/i.test(prompt) ? 1 : 0;
    const right = hash(this.tier + prompt) < [0.35, 0.7, 0.95, 0.99][Math.max(0, Math.min(3, skill[this.tier] - hard))];
    const input = Math.ceil(prompt.length / 4);
    const output = 20 + 60 * hard;
    return {
      output: right ? 'right' : 'wrong',
      tokenUsage: { prompt: input, completion: output, total: input + output },
      cost: (input * price[this.tier][0] + output * price[this.tier][1]) / 1e6,
    };
  }
};
