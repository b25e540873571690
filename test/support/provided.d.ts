import 'vitest';

declare module 'vitest' {
  // What lua-setup.mjs provides.
  interface ProvidedContext {
    /** Paths of Lua's modules as bitcode. */
    luaModules: string[];
    /** Path of Lua built natively by clang at -O0. */
    luaProgram: string;
  }
}
