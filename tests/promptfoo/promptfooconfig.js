// 20 prompts, three subjects each, three tiers.
const prompts = [
  'Say in one word what {{x}} is.', 'Spell {{x}} backwards.', 'Translate {{x}} into French.', 'List five words about {{x}}.',
  'Write a title for a story about {{x}}.', 'Is {{x}} a person, a place or a thing?', 'Rhyme with {{x}}.', 'Count the letters of {{x}}.',
  'Debug the function that looks up {{x}}.', 'Plan a week around {{x}}.', 'Compare {{x}} with its nearest neighbour.',
  'Debug this query: select {{x}} form t.', 'Plan the tests for {{x}}.', 'Compare two definitions of {{x}}.',
  'Prove that {{x}} is finite.', 'Derive a bound on {{x}}, step by step.', 'Find the optimal schedule for {{x}}.',
  'Prove or refute: {{x}} is unique.', 'Derive the cost of {{x}} from first principles.', 'Show the optimal layout of {{x}}.',
];
module.exports = {
  description: 'fake tiers',
  prompts,
  providers: ['small', 'medium', 'large'].map((tier) => ({ id: 'file://provider.js', label: tier, config: { tier } })),
  tests: ['the harbour', 'a market of forty stalls', 'the parser'].map((x) => ({
    vars: { x },
    assert: [{ type: 'equals', value: 'right' }],
  })),
};
