// Job: what tools for people need: machine code, source lines, profilers and debuggers.
#include "binding_runtime.h"

#include "gdb_symbols.h"
#include "load_llvm.h"
#include "pool_handle.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace tierlink {
namespace {

/// A symbol file that debuggers know.
struct SymbolsHandle {
  static constexpr napi_type_tag typeTag{0x8f1c60d2a73b4e95, 0xb8257e0d91f6a34c};

  explicit SymbolsHandle(ByteView file)
      : symbols(std::make_unique<GdbSymbols>(std::vector<uint8_t>(file.data, file.data + file.size))) {}

  std::unique_ptr<GdbSymbols> symbols;
};

std::string_view objectArgument(const Call &call) {
  const ByteView bytes = call.bytes(0, "object");
  return {reinterpret_cast<const char *>(bytes.data), bytes.size};
}

napi_value toInstruction(napi_env env, const ShownInstruction &instruction) {
  napi_value value = object(env);
  setProperty(env, value, "offset", toJs(env, static_cast<double>(instruction.offset)));
  setProperty(env, value, "bytes", toJsBytes(env, instruction.bytes.data(), instruction.bytes.size()));
  setProperty(env, value, "text", toJs(env, std::string_view(instruction.text)));
  setProperty(env, value, "symbol", toJs(env, std::string_view(instruction.symbol)));
  setProperty(env, value, "file", toJs(env, std::string_view(instruction.file)));
  setProperty(env, value, "line", toJs(env, static_cast<double>(instruction.line)));
  setProperty(env, value, "isCold", toJs(env, instruction.isCold));
  return value;
}

napi_value disassembleFunction(Call &call) {
  const std::string function = call.string(1, "function");
  auto loaded = loadLlvm();
  if (auto *failure = std::get_if<Failure>(&loaded))
    return toJs(call.env, *failure);
  const auto shown = std::get<const LlvmHalf *>(loaded)->disassemble(objectArgument(call), function);
  if (const auto *failure = std::get_if<Failure>(&shown))
    return toJs(call.env, *failure);
  const auto &instructions = std::get<0>(shown);
  napi_value list;
  check(call.env, napi_create_array_with_length(call.env, instructions.size(), &list), "array");
  for (uint32_t i = 0; i < instructions.size(); ++i)
    check(call.env, napi_set_element(call.env, list, i, toInstruction(call.env, instructions[i])),
          "instruction");
  return list;
}

napi_value toLines(napi_env env, const FunctionLines &function) {
  std::vector<uint32_t> words;
  words.reserve(function.lines.size() * 3);
  for (const SourceLine &line : function.lines)
    words.insert(words.end(), {line.offset, line.file, line.line});
  napi_value value = object(env);
  setProperty(env, value, "name", toJs(env, std::string_view(function.name)));
  setProperty(env, value, "lines",
              toJsArray(env, napi_uint32_array, words.data(), words.size(), sizeof(uint32_t)));
  return value;
}

napi_value sourceLines(Call &call) {
  auto loaded = loadLlvm();
  if (auto *failure = std::get_if<Failure>(&loaded))
    return toJs(call.env, *failure);
  const auto read = std::get<const LlvmHalf *>(loaded)->readLines(objectArgument(call));
  if (const auto *failure = std::get_if<Failure>(&read))
    return toJs(call.env, *failure);
  const auto &[files, functions] = std::get<SourceLines>(read);
  napi_value fileList, functionList;
  check(call.env, napi_create_array(call.env, &fileList), "array");
  check(call.env, napi_create_array(call.env, &functionList), "array");
  for (uint32_t i = 0; i < files.size(); ++i)
    check(call.env, napi_set_element(call.env, fileList, i, toJs(call.env, std::string_view(files[i]))),
          "file");
  for (uint32_t i = 0; i < functions.size(); ++i)
    check(call.env, napi_set_element(call.env, functionList, i, toLines(call.env, functions[i])), "function");
  napi_value value = object(call.env);
  setProperty(call.env, value, "files", fileList);
  setProperty(call.env, value, "functions", functionList);
  return value;
}

napi_value toCalls(napi_env env, const FunctionCalls &function) {
  napi_value callees = null(env);
  if (!function.isOpen) {
    check(env, napi_create_array(env, &callees), "array");
    for (uint32_t i = 0; i < function.callees.size(); ++i)
      check(env, napi_set_element(env, callees, i, toJs(env, std::string_view(function.callees[i]))), "name");
  }
  napi_value value = object(env);
  setProperty(env, value, "name", toJs(env, std::string_view(function.name)));
  setProperty(env, value, "callees", callees);
  return value;
}

napi_value functionCalls(Call &call) {
  auto loaded = loadLlvm();
  if (auto *failure = std::get_if<Failure>(&loaded))
    return toJs(call.env, *failure);
  const auto read = std::get<const LlvmHalf *>(loaded)->readCalls(objectArgument(call));
  if (const auto *failure = std::get_if<Failure>(&read))
    return toJs(call.env, *failure);
  const auto &functions = std::get<std::vector<FunctionCalls>>(read);
  napi_value list;
  check(call.env, napi_create_array(call.env, &list), "array");
  for (uint32_t i = 0; i < functions.size(); ++i)
    check(call.env, napi_set_element(call.env, list, i, toCalls(call.env, functions[i])), "function");
  return list;
}

/// A page of a file, executable and not writable, for as long as the process lives: profilers note that it
/// was mapped, and by its name know the file that tells of compiled code.
napi_value mapForProfilers(Call &call) {
  const auto file = static_cast<int>(call.integer(0, 0, INT_MAX, "file"));
  void *at =
      mmap(nullptr, static_cast<size_t>(sysconf(_SC_PAGESIZE)), PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
  if (at == MAP_FAILED)
    throw BindingError(std::string("mmap: ") + std::strerror(errno));
  return undefined(call.env);
}

napi_value gdbRegister(Call &call) {
  return makeHandle<SymbolsHandle>(call.env, std::make_shared<SymbolsHandle>(call.bytes(0, "file")));
}

/// Idempotent.
napi_value gdbUnregister(Call &call) {
  call.handle<SymbolsHandle>(0, "symbols")->symbols.reset();
  return undefined(call.env);
}

} // namespace

void registerTools(napi_env env, napi_value exports) {
  exportFunction<disassembleFunction>(env, exports, "disassemble");
  exportFunction<sourceLines>(env, exports, "sourceLines");
  exportFunction<functionCalls>(env, exports, "functionCalls");
  exportFunction<mapForProfilers>(env, exports, "mapForProfilers");
  exportFunction<gdbRegister>(env, exports, "gdbRegister");
  exportFunction<gdbUnregister>(env, exports, "gdbUnregister");
}

} // namespace tierlink
