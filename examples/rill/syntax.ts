/** The syntax tree. The parser makes it; the checker fills in types and what names stand for; codegen reads it. */
import type { Source } from './source.js';
import type { Local, Symbol } from './symbols.js';
import type { Type } from './types.js';

/** A type as it is written. */
export type TypeSyntax =
  | { readonly kind: 'name'; readonly module?: string; readonly name: string; readonly at: number }
  | { readonly kind: 'array'; readonly element: TypeSyntax; readonly at: number }
  | {
      readonly kind: 'function';
      readonly parameters: TypeSyntax[];
      readonly result?: TypeSyntax;
      readonly at: number;
    };

interface Node {
  readonly at: number;
  /** Set by the checker. */
  type?: Type;
}
export interface Literal extends Node {
  readonly kind: 'literal';
  readonly value: bigint | number | boolean | string | null;
}
export interface Name extends Node {
  readonly kind: 'name';
  readonly name: string;
  symbol?: Symbol | undefined;
}
export interface ArrayLiteral extends Node {
  readonly kind: 'array';
  readonly elements: Expression[];
}
export interface Unary extends Node {
  readonly kind: 'unary';
  readonly operator: string;
  readonly operand: Expression;
}
export interface Binary extends Node {
  readonly kind: 'binary';
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Call extends Node {
  readonly kind: 'call';
  readonly callee: Expression;
  readonly given: Expression[];
}
export interface Index extends Node {
  readonly kind: 'index';
  readonly target: Expression;
  readonly index: Expression;
}
export interface Field extends Node {
  readonly kind: 'field';
  readonly target: Expression;
  readonly name: string;
  /** Set if the target is a module. */
  symbol?: Symbol | undefined;
}
export interface Lambda extends Node {
  readonly kind: 'lambda';
  readonly code: FunctionSyntax;
  readonly captures: Local[];
}
export type Expression = Literal | Name | ArrayLiteral | Unary | Binary | Call | Index | Field | Lambda;

export type Statement =
  | { readonly kind: 'declare'; readonly declared: VariableSyntax; local?: Local; readonly at: number }
  | {
      readonly kind: 'assign';
      readonly target: Expression;
      /** `+` of `+=`; nothing of `=`. */
      readonly operator?: string;
      readonly value: Expression;
      readonly at: number;
    }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: Statement[];
      readonly otherwise: Statement[];
      readonly at: number;
    }
  | {
      readonly kind: 'while';
      readonly condition: Expression;
      readonly body: Statement[];
      readonly at: number;
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      /** From here to before `to`; without a `to`, the elements of an array. */
      readonly from: Expression;
      readonly to?: Expression;
      readonly body: Statement[];
      local?: Local;
      readonly at: number;
    }
  | { readonly kind: 'break' | 'continue'; readonly at: number }
  | { readonly kind: 'return'; readonly value?: Expression; readonly at: number }
  /** An expression for its effect; the REPL also shows its value. */
  | {
      readonly kind: 'expression';
      readonly value: Expression;
      readonly isShown: boolean;
      readonly at: number;
    };

export interface VariableSyntax {
  readonly name: string;
  readonly isMutable: boolean;
  readonly type?: TypeSyntax;
  readonly value: Expression;
  readonly at: number;
}
export interface FunctionSyntax {
  readonly name: string;
  readonly parameters: { readonly name: string; readonly type: TypeSyntax; readonly at: number }[];
  readonly result?: TypeSyntax;
  readonly body: Statement[];
  readonly at: number;
  /** Where its body ends. */
  readonly end: number;
  /** Its parameters, set by the checker. */
  locals?: Local[];
}

/** One file: one module of LLVM. */
export interface ModuleSyntax {
  readonly source: Source;
  readonly imports: { readonly path: string; readonly at: number }[];
  readonly structs: {
    readonly name: string;
    readonly fields: FunctionSyntax['parameters'];
    readonly at: number;
  }[];
  readonly externs: FunctionSyntax[];
  readonly variables: VariableSyntax[];
  readonly functions: FunctionSyntax[];
}
