/** Makes Lua be there before the tests run, and tells them where. */
import { ensureLua, ensureLuaStatic } from '../../scripts/lua.mjs';

/** @param {import('vitest/node').TestProject} project */
export default async function setup(project) {
  project.provide('luaModules', await ensureLua());
  project.provide('luaProgram', await ensureLuaStatic('-O0'));
}
