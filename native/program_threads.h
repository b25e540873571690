// Job: makes the threads a program starts belong to its engine.
#pragma once

#include <memory>
#include <pthread.h>
#include <string_view>
#include <thread>
#include <threads.h>

namespace tierlink {

class Engine;

// In place of pthread_create, thrd_create and std::thread's own start. Without a current engine they do what
// the originals do. For those that a library makes by itself see library_threads.h.
int programPthreadCreate(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                         void *argument);
int programThrdCreate(thrd_t *thread, thrd_start_t body, void *argument);
// The ABI of `void std::thread::_M_start_thread(_State_ptr, void (*)())`: the pointer is passed by address.
void programStdThreadStart(std::thread *thread, std::unique_ptr<std::thread::_State> *state,
                           void (*depend)());

inline constexpr std::string_view stdThreadStart =
    "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE";

// The engine whose code this thread runs, or, on a thread that isn't known, the one whose program is running.
std::shared_ptr<Engine> engineHere();
void setLastStarted(const std::shared_ptr<Engine> &engine);

} // namespace tierlink
