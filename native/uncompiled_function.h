// Job: what a call to a function that could not be compiled ends in.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

namespace tierlink {

class JsThrown;

// Why a function could not be compiled, or a JS function that compiled code called gave no result.
struct LazyFailure {
  std::string code; // of a TierlinkError
  std::string message;
  std::string details;                    // of that error, as JSON; may be empty
  std::shared_ptr<const JsThrown> thrown; // what JS threw, if it did
};

// Thrown at the caller. Compiled C++ can catch it as std::exception.
class FunctionUncompiled : public std::runtime_error {
public:
  explicit FunctionUncompiled(std::shared_ptr<const LazyFailure> failure)
      : std::runtime_error(failure->message), failure_(std::move(failure)) {}

  const std::shared_ptr<const LazyFailure> &failure() const { return failure_; }

private:
  std::shared_ptr<const LazyFailure> failure_;
};

} // namespace tierlink
