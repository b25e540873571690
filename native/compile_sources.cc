// Finds definitions in other modules, and loads these when the first is asked for.
#include "compile_sources.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MD5.h"

namespace tierlink {

ImportSources::ImportSources(Workspace &workspace, LazyModule &home, const CompileJob &job)
    : workspace_(workspace), home_(home), job_(job) {
  owners_[&home.module()] = &home;
  // Others may refer to functions of the job's own module; it must not be loaded twice.
  for (const ImportSource &source : job.sources)
    if (source.bitcode == job.bitcode)
      loaded_[&source] = &home;
}

llvm::Function *ImportSources::definitionOf(llvm::Function &callee) {
  if (!callee.isDeclaration())
    return &callee;
  if (callee.isIntrinsic())
    return nullptr;
  const std::string_view name = callee.getName();
  auto source =
      llvm::find_if(job_.sources, [&](const auto &offered) { return offered.names->contains(name); });
  LazyModule *module = source == job_.sources.end() ? nullptr : load(*source);
  llvm::Function *found = module == nullptr ? nullptr : module->definition(callee.getName());
  // C lets a caller declare another type than the function has. Such a call is never inlined.
  const bool fits = found != nullptr && found->getFunctionType() == callee.getFunctionType() &&
                    found->getCallingConv() == callee.getCallingConv();
  return fits ? found : nullptr;
}

llvm::Function *ImportSources::target(const llvm::Function &caller, uint64_t nameHash) {
  if (llvm::Function *own = ownerOf(caller).definition(nameHash))
    return own;
  const Name *offered = named(nameHash);
  LazyModule *module = offered == nullptr ? nullptr : load(*offered->source);
  return module == nullptr ? nullptr : module->definition(offered->name);
}

const ImportSources::Name *ImportSources::named(uint64_t nameHash) {
  if (byHash_.empty())
    for (const ImportSource &source : job_.sources)
      for (llvm::StringRef name : *source.names)
        byHash_.try_emplace(llvm::MD5Hash(name), Name{&source, name});
  auto found = byHash_.find(nameHash);
  return found == byHash_.end() ? nullptr : &found->second;
}

std::vector<unsigned> ImportSources::positionsOf(llvm::ArrayRef<llvm::Function *> functions) const {
  std::vector<unsigned> positions;
  for (unsigned position = 0; position < job_.sources.size(); ++position) {
    const ImportSource &source = job_.sources[position];
    LazyModule *module = loaded_.lookup(&source);
    if (module == nullptr || source.bitcode == job_.bitcode)
      continue;
    if (llvm::any_of(functions, [&](const auto *function) { return &ownerOf(*function) == module; }))
      positions.push_back(position);
  }
  return positions;
}

LazyModule *ImportSources::load(const ImportSource &source) {
  auto [known, isNew] = loaded_.try_emplace(&source, nullptr);
  if (!isNew)
    return known->second;
  // What can't be read is called, and then its caller is told.
  auto loaded = workspace_.load(source.bitcode);
  auto *module = std::get_if<LazyModule *>(&loaded);
  if (module == nullptr)
    return nullptr;
  owners_[&(*module)->module()] = *module;
  return loaded_[&source] = *module;
}

LazyModule &ImportSources::ownerOf(const llvm::Function &function) const {
  return *owners_.at(function.getParent());
}

} // namespace tierlink
