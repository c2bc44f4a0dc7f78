// The ready queue: a ring of small jobs, in the order in which they will run.
#pragma once

#include "vm/object/object.hpp"

#include <cstdint>
#include <memory>

namespace aspy {

enum class JobKind : uint8_t {
  StepTask,    // target: Task; its first step, or the one after a bare yield
  WakeTask,    // target: Task, argument: the future it waited for, done
  RunHandle,   // target: Handle
  RunCallback, // target: callable, argument: its only argument (a future's done callback); context: its
               // Context or empty
  FinishSleep, // target: Future: give it the result `argument` unless it is done
};

// Owns its values; whoever takes a job out of the queue takes them over.
struct Job {
  JobKind kind;
  Value target, argument, context;
};

class ReadyQueue {
public:
  ReadyQueue() = default;
  ReadyQueue(const ReadyQueue&) = delete;
  ReadyQueue& operator=(const ReadyQueue&) = delete;
  ~ReadyQueue() { clear(); }

  bool empty() const { return head_ == tail_; }
  size_t size() const { return tail_ - head_; }

  void push(Job job) {
    if (size() == capacity_) [[unlikely]]
      grow();
    jobs_[tail_++ & (capacity_ - 1)] = job;
  }
  Job pop() { return jobs_[head_++ & (capacity_ - 1)]; }
  const Job& at(size_t index) const { return jobs_[(head_ + index) & (capacity_ - 1)]; }
  void clear() {
    while (!empty()) {
      Job job = pop();
      decref(job.target);
      decref(job.argument);
      decref(job.context);
    }
  }

private:
  void grow() {
    size_t capacity = capacity_ ? capacity_ * 2 : 64;
    auto jobs = std::make_unique<Job[]>(capacity);
    size_t count = size();
    for (size_t i = 0; i < count; ++i) jobs[i] = at(i);
    jobs_ = std::move(jobs);
    capacity_ = capacity;
    head_ = 0;
    tail_ = count;
  }

  std::unique_ptr<Job[]> jobs_;
  size_t capacity_ = 0;        // a power of two
  size_t head_ = 0, tail_ = 0; // count up for ever; masked on use
};

} // namespace aspy
