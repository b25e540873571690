/** Ends its process in a JS function that compiled code calls. */
import { createEngine } from '../../dist/src/index.js';

const engine = createEngine({ control: 'inline', policy: 'never' });
engine.define('host', 'void ()', () => {
  process.stdout.write('called\n');
  process.exit(3);
});
engine.addModule('m', 'declare void @host()\ndefine void @f() {\n  call void @host()\n  ret void\n}\n');
await engine.link();
process.on('exit', () => process.stdout.write('exit\n'));
engine.fn('f')();
