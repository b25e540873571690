/** The arrows between folders, as ARCHITECTURE.md draws them. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|tiers|stubs)/', pathNot: [from, ...allowed] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '\\.d\\.ts$|\\.cjs$|^src/(cli/main|boot/main|boot/worker)\\.ts$' },
      to: {},
    },
    only('core', '^src/core/', [], 'core imports nothing of ours'),
    only('elf', '^src/elf/', ['^src/core/'], 'elf -> core'),
    only('link', '^src/link/', ['^src/core/', '^src/elf/'], 'link -> core, elf'),
    only('memory', '^src/memory/', ['^src/core/'], 'memory -> core'),
    only(
      'cache',
      '^src/cache/',
      ['^src/core/', '^src/native/(contract|ingest)\\.ts$'],
      'cache -> core, the contract and the interface of ingest',
    ),
    only('registry', '^src/registry/', ['^src/core/', '^src/memory/block\\.ts$'], 'registry -> core'),
    only('profile', '^src/profile/', ['^src/core/'], 'profile -> core'),
    only('observe', '^src/observe/', ['^src/core/'], 'observe -> core'),
    only('call', '^src/call/', ['^src/core/', '^src/native/contract\\.ts$'], 'call -> core, the contract'),
    only(
      'unwind',
      '^src/unwind/',
      ['^src/core/', '^src/native/contract\\.ts$'],
      'unwind -> core, the contract',
    ),
    only(
      'resolve',
      '^src/resolve/',
      ['^src/core/', '^src/elf/', '^src/native/contract\\.ts$'],
      'resolve -> core, elf, the contract',
    ),
    only('native', '^src/native/', ['^src/core/'], 'native -> core'),
    only('boot', '^src/boot/', [], 'boot imports nothing: it loads what is built'),
    only('cli', '^src/cli/', ['^src/index\\.ts$'], 'the command line uses the public API only'),
    only('examples', '^examples/', ['^src/index\\.ts$'], 'examples use the public API only'),
    only(
      'experiment',
      '^src/experiment/',
      ['^src/core/', '^src/engine/', '^tiers/'],
      'experiment -> core, engine, tiers; the command line is above it',
    ),
    only('tiers', '^tiers/', ['^src/core/'], 'tiers -> core; never stubs'),
    only('stubs', '^stubs/', ['^src/core/'], 'stubs -> core; never tiers'),
    {
      name: 'xstate-in-one-room',
      comment: 'tiers/lifecycle.ts is the one importer of xstate',
      severity: 'error',
      from: { pathNot: '^tiers/lifecycle\\.ts$' },
      to: { path: 'node_modules/xstate' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^(src|tiers|stubs)/' },
      // These are bundled (scripts/bundle.mjs), so that who installs tierlink doesn't install them.
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot: 'node_modules/(cli-table3|echarts|commander|log-update|xstate)/',
      },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'types', 'node'] },
  },
};
