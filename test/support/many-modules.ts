/**
 * Many small modules for one engine, and a compiler that compiles one of them and gives the others the same object with
 * other names in it: what is left to measure is the engine.
 */
import type { CompiledObject, CompileRequest, Compiler } from '../../src/index.js';

/** Functions of each module. */
export const functionsEach = 10;

/** Name of a module, and what the names of its functions begin with: always as long. */
export function moduleName(number: number): string {
  return `m${String(number).padStart(5, '0')}`;
}

/**
 * A module's IR: ten functions, each of which calls one of the module before, and a variable that they count in. The
 * first one calls nothing.
 */
export function moduleText(number: number): string {
  const name = moduleName(number);
  const before = moduleName(number - 1);
  const functions = Array.from({ length: functionsEach }, (_, index) => {
    const call = number === 0 ? 'add i32 %x, 0' : `call i32 @${before}_f${String(index)}(i32 %x)`;
    return `define i32 @${name}_f${String(index)}(i32 %x) {
  %n = load i32, ptr @${name}_v
  %n1 = add i32 %n, 1
  store i32 %n1, ptr @${name}_v
  %y = ${call}
  %z = add i32 %y, ${String(index + 1)}
  ret i32 %z
}
${number === 0 ? '' : `declare i32 @${before}_f${String(index)}(i32)`}`;
  });
  return `@${name}_v = global i32 0\n${functions.join('\n')}\n`;
}

/** The module that is really compiled; it must be among the first that are linked. */
const templateNumber = 1;

/** Compiles one module for each way of compiling, and renames its object for the others. */
export class TemplateCompiler implements Compiler {
  readonly #real: Compiler;
  /** The template's code and data, as the engine asked for them to be compiled. */
  readonly #requests = new Map<CompileRequest['part'], CompileRequest>();
  readonly #objects = new Map<string, Promise<CompiledObject>>();

  /** @param real - Compiles the template. */
  constructor(real: Compiler) {
    this.#real = real;
  }

  get threads(): number {
    return this.#real.threads;
  }

  forget(bitcode: Uint8Array): void {
    this.#real.forget?.(bitcode);
  }

  pending(): number {
    return this.#real.pending();
  }

  destroy(): Promise<void> {
    return this.#real.destroy();
  }

  compileNow(request: CompileRequest): CompiledObject {
    return this.#real.compileNow(request);
  }

  async compile(request: CompileRequest): Promise<CompiledObject> {
    const number = Number(request.module.slice(1));
    if (number === templateNumber) this.#requests.set(request.part, request);
    if (number <= templateNumber) return this.#real.compile(request);
    const { tier, calls, part } = request;
    const template = this.#requests.get(part);
    if (template === undefined) throw new Error(`${moduleName(templateNumber)} is linked first`);
    const key = [tier.name, calls, part].join();
    const object = this.#objects.get(key) ?? this.#real.compile({ ...template, tier, calls });
    this.#objects.set(key, object);
    return { queuedMs: 0, compileMs: 0, object: renamed((await object).object, number) };
  }
}

/** The object of the template as that of another module: names are as long, so nothing else changes. */
function renamed(object: Uint8Array, number: number): Uint8Array {
  const bytes = Buffer.from(object);
  const places = (name: string): number[] => {
    const found: number[] = [];
    for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) found.push(at);
    return found;
  };
  const own = places(moduleName(templateNumber));
  const before = places(moduleName(templateNumber - 1));
  for (const at of own) bytes.write(moduleName(number), at, 'latin1');
  for (const at of before) bytes.write(moduleName(number - 1), at, 'latin1');
  return bytes;
}
