/** What the benchmarks use of WebAssembly, whose types come with those of browsers only. */
declare namespace WebAssembly {
  const Module: new (bytes: Uint8Array) => object;
  const Instance: new (module: object, imports?: object) => { readonly exports: Record<string, unknown> };
}
