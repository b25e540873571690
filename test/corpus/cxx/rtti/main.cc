// RTTI across modules: dynamic_cast, typeid, catching by a base that another module defines.
#include "shapes.h"

#include <any>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <typeindex>
#include <unordered_map>

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  std::unordered_map<std::type_index, int> seen;
  long casts = 0, caught = 0;
  for (int round = 0; round < rounds; round++) {
    auto shape = make(round);
    seen[typeid(*shape)]++;
    if (auto *square = dynamic_cast<Square *>(shape.get())) casts += static_cast<long>(square->area());
    if (auto *round_ = dynamic_cast<Round *>(shape.get())) casts += round_->name().size() * 1000;
    Named *named = asNamed(shape.get());
    casts += dynamic_cast<Shape *>(named) == shape.get();
    casts += dynamic_cast<void *>(named) == dynamic_cast<void *>(shape.get());
    casts += typeOf(*shape) == typeid(*named);
    try {
      throwShape(round);
    } catch (const Round &) {
      caught += 1;
    } catch (const Shape &shape) {
      caught += static_cast<long>(shape.area());
    } catch (const Named &named) {
      caught += named.name().size() * 100;
    }
    try {
      dynamic_cast<Round &>(*make(0));
    } catch (const std::bad_cast &) {
      caught++;
    }
  }
  for (auto *type : {&typeid(Square), &typeid(Round)}) printf("%s %d\n", type->name(), seen[*type]);
  printf("%ld %ld\n", casts, caught);
  std::unique_ptr<Named> held(hold(3));
  printf("%d %d %d\n", holderOfInt() == typeid(Holder<int>), dynamic_cast<Holder<int> *>(held.get()) != nullptr,
         dynamic_cast<Holder<long> *>(held.get()) != nullptr);
  std::any any = Holder<int>{};
  printf("%d %d\n", std::any_cast<Holder<int>>(&any) != nullptr, std::any_cast<int>(&any) != nullptr);
  Shape *none = nullptr;
  try {
    printf("%s\n", typeid(*none).name());
  } catch (const std::bad_typeid &) {
    puts("bad typeid");
  }
  return static_cast<int>(caught % 200);
}
