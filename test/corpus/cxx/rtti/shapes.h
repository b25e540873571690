#pragma once
#include <memory>
#include <string>
#include <typeinfo>

struct Shape {
  virtual ~Shape();
  virtual double area() const = 0;
};
// No key function: every module has its own vtable and typeinfo.
struct Named {
  virtual ~Named() = default;
  virtual std::string name() const { return "nameless"; }
};
struct Square : Shape, Named {
  explicit Square(double side) : side(side) {}
  double area() const override;
  std::string name() const override { return "square"; }
  double side;
};
struct Round final : Shape, Named {
  double area() const override { return 3; }
};
template <class T> struct Holder : Named {
  T held{};
};
std::unique_ptr<Shape> make(int);
Named *asNamed(Shape *);
const std::type_info &typeOf(const Shape &);
const std::type_info &holderOfInt();
Named *hold(int);
void throwShape(int);
