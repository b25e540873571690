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

/** An expression; its type is set by the checker. */
interface Node<Kind> {
  readonly kind: Kind;
  readonly at: number;
  type?: Type;
}
/** A name, or a field whose target is a module: what it stands for is set by the checker. */
interface Named {
  readonly name: string;
  symbol?: Symbol | undefined;
}
export type Literal = Node<'literal'> & { readonly value: bigint | number | boolean | string | null };
export type Binary = Node<'binary'> & {
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
};
export type Call = Node<'call'> & { readonly callee: Expression; readonly given: Expression[] };
export type Field = Node<'field'> & Named & { readonly target: Expression };
export type Lambda = Node<'lambda'> & { readonly code: FunctionSyntax; readonly captures: Local[] };
export type Expression =
  | Literal
  | Binary
  | Call
  | Field
  | Lambda
  | (Node<'name'> & Named)
  | (Node<'array'> & { readonly elements: Expression[] })
  | (Node<'unary'> & { readonly operator: string; readonly operand: Expression })
  | (Node<'index'> & { readonly target: Expression; readonly index: Expression });

interface Step<Kind> {
  readonly kind: Kind;
  readonly at: number;
}
/** `operator` is the `+` of `+=`. */
export type Assign = Step<'assign'> & { target: Expression; operator?: string; value: Expression };
export type If = Step<'if'> & { condition: Expression; then: Statement[]; otherwise: Statement[] };
/** From `from` to before `to`; without a `to`, over the elements of an array. */
export type For = Step<'for'> & {
  name: string;
  from: Expression;
  to?: Expression;
  body: Statement[];
  local?: Local;
};
export type Statement =
  | Assign
  | If
  | For
  | (Step<'declare'> & { declared: VariableSyntax; local?: Local })
  | (Step<'while'> & { condition: Expression; body: Statement[] })
  | Step<'break'>
  | Step<'continue'>
  | (Step<'return'> & { value?: Expression })
  /** For its effect; the REPL also shows its value. */
  | (Step<'expression'> & { value: Expression; isShown: boolean });

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
