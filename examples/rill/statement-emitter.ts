/** Emits statements. */
import type llvm from 'llvm-bindings';
import { emitBuiltin } from './builtin-emitter.js';
import { ExpressionEmitter, typeOf } from './expression-emitter.js';
import { emitOperator } from './operator-emitter.js';
import type { Assign, Expression, For, If, Statement } from './syntax.js';

/** Where `break` and `continue` lead. */
interface Loop {
  readonly next: llvm.BasicBlock;
  readonly end: llvm.BasicBlock;
}

export class StatementEmitter extends ExpressionEmitter {
  readonly #loops: Loop[] = [];

  statements(all: readonly Statement[]): void {
    for (const statement of all) {
      // What follows a return, break or continue is never run, and still has to be in some block.
      if (this.hasLeft) this.builder.SetInsertPoint(this.block('never'));
      this.locate(statement.at);
      this.#statement(statement);
    }
  }

  #statement(statement: Statement): void {
    const { builder } = this;
    switch (statement.kind) {
      case 'declare': {
        const { declared, local } = statement;
        const value = this.value(declared.value);
        if (local !== undefined) this.declare(local, value, declared.at);
        return;
      }
      case 'assign':
        this.#assign(statement);
        return;
      case 'if':
        this.#if(statement);
        return;
      case 'while': {
        const condition = this.block('condition');
        this.enter(condition);
        const value = this.value(statement.condition);
        const body = this.block('body');
        const end = this.block('end');
        builder.CreateCondBr(value, body, end);
        this.#body(statement.body, body, { next: condition, end });
        return;
      }
      case 'for':
        this.#for(statement);
        return;
      case 'break':
      case 'continue': {
        const loop = this.#loops.at(-1);
        if (loop !== undefined) this.leave(statement.kind === 'break' ? loop.end : loop.next);
        return;
      }
      case 'return':
        if (statement.value === undefined) builder.CreateRetVoid();
        else builder.CreateRet(this.value(statement.value));
        return;
      case 'expression': {
        const value = this.value(statement.value);
        const type = typeOf(statement.value);
        if (statement.isShown && type.kind !== 'void')
          emitBuiltin(this, 'print', [value], type, statement.at);
      }
    }
  }

  /** The place is found once, after the value: so `a[f()] += 1` calls f once, and a value that moves it is no harm. */
  #assign({ target, operator, value, at }: Assign): void {
    const { builder, unit } = this;
    const given = this.value(value);
    const place = this.address(target);
    this.locate(at);
    if (operator === undefined) {
      builder.CreateStore(given, place);
      return;
    }
    const type = typeOf(target);
    const before = builder.CreateLoad(unit.typeOf(type), place);
    builder.CreateStore(emitOperator(this, operator, [before, given], type, at), place);
  }

  #if({ condition, then, otherwise }: If): void {
    const value = this.value(condition);
    const [first, second, end] = [this.block('then'), this.block('else'), this.block('end')];
    this.builder.CreateCondBr(value, first, second);
    this.builder.SetInsertPoint(first);
    this.statements(then);
    this.leave(end);
    this.builder.SetInsertPoint(second);
    this.statements(otherwise);
    this.enter(end);
  }

  #body(statements: readonly Statement[], body: llvm.BasicBlock, loop: Loop): void {
    this.builder.SetInsertPoint(body);
    this.#loops.push(loop);
    this.statements(statements);
    this.#loops.pop();
    this.leave(loop.next);
    this.builder.SetInsertPoint(loop.end);
  }

  /** Over numbers, or over an array as long as it is then. The variable is a new one each time, so closures may keep it. */
  #for({ from, to, body: statements, local, at }: For): void {
    const { builder, unit } = this;
    if (local === undefined) throw new Error('what is emitted was checked');
    const array = to === undefined ? this.value(from) : undefined;
    const start = array === undefined ? this.value(from) : unit.number(0);
    const bound = to === undefined ? undefined : this.value(to);
    const before = this.current;
    const [condition, body, next, end] = ['condition', 'body', 'next', 'end'].map((name) =>
      this.block(name),
    ) as [llvm.BasicBlock, llvm.BasicBlock, llvm.BasicBlock, llvm.BasicBlock];
    this.enter(condition);
    const index = builder.CreatePHI(unit.int, 2);
    index.addIncoming(start, before);
    const limit = bound ?? this.#length(array ?? index);
    builder.CreateCondBr(builder.CreateICmpSLT(index, limit), body, end);
    builder.SetInsertPoint(body);
    const value = array === undefined ? index : this.#item(array, index, from, at);
    this.declare(local, value, at);
    this.#body(statements, this.current, { next, end });
    builder.SetInsertPoint(next);
    index.addIncoming(builder.CreateAdd(index, unit.number(1)), next);
    builder.CreateBr(condition);
    builder.SetInsertPoint(end);
  }

  #length(array: llvm.Value): llvm.Value {
    return this.load(this.unit.int, array, this.unit.array, 0);
  }

  #item(array: llvm.Value, index: llvm.Value, from: Expression, at: number): llvm.Value {
    const type = typeOf(from);
    if (type.kind !== 'array') throw new Error('what is emitted was checked');
    return this.builder.CreateLoad(
      this.unit.typeOf(type.element),
      this.element(array, index, type.element, at),
    );
  }
}
