/** Modules with a given number of relocations that have to be preserved, in the proportions of Lua's objects. */

/** Functions and variables that {@link relocatedModule} refers to, none of which it defines. */
const targetCount = 64;
/** Relocations of one function, its entries in tables included. */
const groupSize = 10;

/** A module as its symbols tell (in IR) and as what it is compiled to (in assembly). */
export interface RelocatedModule {
  readonly ir: string;
  readonly assembly: string;
}

/**
 * The module that defines all targets.
 *
 * @returns Its IR.
 */
export function targetModule(): string {
  return eachTarget((index) => [
    `@target_variable_${index} = global i64 0\n`,
    `define void @target_${index}() {\n  ret void\n}\n`,
  ]);
}

/**
 * Writes a module of many relocations.
 *
 * @param name - Of its one function that others can see.
 * @param relocations - How many; a multiple of 10.
 * @returns The module. Of ten relocations five are calls, one loads a variable's address, two reach constants of the
 *   module's own, one is a pointer in a constant table, and one is in the unwind table.
 */
export function relocatedModule(name: string, relocations: number): RelocatedModule {
  const functions = relocations / groupSize;
  const text: string[] = ['.section .rodata.own,"a",@progbits\n.Lown:\n.zero 4096\n.text\n'];
  const table: string[] = ['.section .data.rel.ro,"aw",@progbits\n'];
  for (let index = 0; index < functions; index += 1) {
    const label = index === 0 ? name : `.Lfunction_${String(index)}`;
    const call = (nth: number): string => `call target_${String((index * 5 + nth) % targetCount)}@PLT\n`;
    const own = (nth: number): string => `lea .Lown+${String((index * 16 + nth * 8) % 4096)}(%rip), %rcx\n`;
    text.push(
      '.p2align 4\n',
      `${label}:\n.cfi_startproc\npush %rbx\n.cfi_def_cfa_offset 16\n`,
      call(0),
      own(0),
      call(1),
      `mov target_variable_${String(index % targetCount)}@GOTPCREL(%rip), %rdx\n`,
      call(2),
      own(1),
      call(3),
      call(4),
      'pop %rbx\nret\n.cfi_endproc\n',
    );
    table.push(`.quad target_${String(index % targetCount)}\n`);
  }
  const assembly = `.globl ${name}\n.type ${name}, @function\n${text.join('')}${table.join('')}`;
  const ir = `${eachTarget((index) => [
    `@target_variable_${index} = external global i64\n`,
    `declare void @target_${index}()\n`,
  ])}define void @${name}() {\n  call void @target_0()\n  ret void\n}\n`;
  return { ir, assembly };
}

/**
 * A small module beside others.
 *
 * @param index - Tells it from other such modules.
 * @returns Its IR.
 */
export function bystanderModule(index: number): string {
  const target = String(index % targetCount);
  return `declare void @target_${target}()
declare void @subject()
define void @bystander_${String(index)}() {
  call void @target_${target}()
  call void @subject()
  ret void
}
`;
}

function eachTarget(write: (index: string) => readonly [variable: string, code: string]): string {
  const all = Array.from({ length: targetCount }, (_, index) => write(String(index)));
  return [...all.map(([variable]) => variable), ...all.map(([, code]) => code)].join('');
}
