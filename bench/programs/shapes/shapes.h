#ifndef SHAPES_H
#define SHAPES_H

struct Point {
  double x, y;
};

struct Box {
  Point low, high;
  bool meets(const Box &other) const;
};

/// What a scene is made of. Never destroyed: its memory is the scene's.
class Shape {
public:
  virtual double area() const;
  virtual Box bounds() const;
  virtual bool contains(Point point) const;
  virtual void move(double x, double y);
};

class Circle final : public Shape {
public:
  Circle(Point center, double radius) : center_(center), radius_(radius) {}
  double area() const override;
  Box bounds() const override;
  bool contains(Point point) const override;
  void move(double x, double y) override;

private:
  Point center_;
  double radius_;
};

class Rectangle final : public Shape {
public:
  explicit Rectangle(Box box) : box_(box) {}
  double area() const override;
  Box bounds() const override;
  bool contains(Point point) const override;
  void move(double x, double y) override;

private:
  Box box_;
};

class Triangle final : public Shape {
public:
  Triangle(Point a, Point b, Point c) : corners_{a, b, c} {}
  double area() const override;
  Box bounds() const override;
  bool contains(Point point) const override;
  void move(double x, double y) override;

private:
  Point corners_[3];
};

/// Shapes and what is asked of all of them.
class Scene {
public:
  void fill(unsigned seed);
  double area() const;
  int hits(Point point) const;
  int meeting() const;
  void drift(double x, double y);

private:
  static constexpr int count = 400;
  Shape *shapes_[count];
};

#endif
