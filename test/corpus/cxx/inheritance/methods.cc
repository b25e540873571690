#include "shared.h"

int Left::sum() const { return top + left; }
Left *Left::clone() const { return new Left(*this); }
int Right::sum() const { return top + right; }
int Bottom::sum() const { return Left::sum() + Right::sum() + bottom; }
Bottom *Bottom::clone() const { return new Bottom(*this); }
int Bottom::onlyRight(int n) { return right * n + left; }
