#pragma once
#include <memory>
struct Top {
  explicit Top(int n) : top(n) {}
  virtual ~Top() = default;
  virtual int sum() const { return top; }
  virtual Top *clone() const { return new Top(*this); }
  int top;
};
struct Left : virtual Top {
  Left() : Top(1) {}
  int sum() const override;
  Left *clone() const override;
  int left = 10;
};
struct Right : virtual Top {
  Right() : Top(2) {}
  int sum() const override;
  virtual int onlyRight(int) = 0;
  int right = 100;
};
struct Bottom : Left, Right {
  explicit Bottom(int n) : Top(n) {}
  int sum() const override;
  Bottom *clone() const override;
  int onlyRight(int) override;
  int bottom = 1000;
};
using Method = int (Top::*)() const;
std::unique_ptr<Top> build(int);
Method method(int);
int throughRight(Right &, int);
extern int alive;
struct Counted {
  Counted() { alive++; }
  Counted(const Counted &) { alive++; }
  virtual ~Counted() { alive--; }
};
struct Lower : Bottom, Counted {
  explicit Lower(int n) : Top(n), Bottom(n) {}
  Lower(const Lower &) = default;
  Lower *clone() const override { return new Lower(*this); }
};
