// The ready queue: a ring of small jobs, in the order in which they will run.
//
// A job is one word for each value it carries: the target, with the kind in the low bits of its address, then
// what the kind asks for. A million tasks that are ready at once take 8 MB.
#pragma once

#include "vm/object/object.hpp"

#include <cstdint>
#include <memory>

namespace aspy {

enum class JobKind : uint8_t {
  StepTask,    // target: Task; its first step, or the one after a bare yield
  WakeTask,    // target: Task; what it waited for is done
  RunHandle,   // target: Handle
  ThrowTask,   // target: Task, argument: exception to raise in its step
  FinishSleep, // target: Future: give it the result `argument` unless it is done
  RunCallback, // target: callable, argument: its only argument (a future's done callback); context: its
               // Context or empty
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

  bool empty() const { return jobs_ == 0; }
  size_t size() const { return jobs_; }

  // A job that is only a target.
  void push(JobKind kind, Value target) {
    ++jobs_;
    put(target.bits | static_cast<uint64_t>(kind));
  }
  void push(const Job& job) {
    push(job.kind, job.target);
    if (job.kind >= JobKind::ThrowTask) put(job.argument.bits);
    if (job.kind == JobKind::RunCallback) put(job.context.bits);
  }
  Job pop() {
    --jobs_;
    uint64_t word = take();
    Job job{static_cast<JobKind>(word & kind_mask), Value(word & ~kind_mask), {}, {}};
    if (job.kind >= JobKind::ThrowTask) job.argument = Value(take());
    if (job.kind == JobKind::RunCallback) job.context = Value(take());
    return job;
  }
  // Visits every value of every job.
  template <class Visit> void for_each(Visit visit) const {
    for (size_t at = head_; at != tail_;) {
      uint64_t word = words_[at++ & (capacity_ - 1)];
      auto kind = static_cast<JobKind>(word & kind_mask);
      visit(Value(word & ~kind_mask));
      if (kind >= JobKind::ThrowTask) visit(Value(words_[at++ & (capacity_ - 1)]));
      if (kind == JobKind::RunCallback) visit(Value(words_[at++ & (capacity_ - 1)]));
    }
  }
  void clear() {
    while (!empty()) {
      Job job = pop();
      decref(job.target);
      decref(job.argument);
      decref(job.context);
    }
  }

private:
  static constexpr uint64_t kind_mask = 7; // objects lie at multiples of eight

  void put(uint64_t word) {
    if (tail_ - head_ == capacity_) [[unlikely]]
      grow();
    words_[tail_++ & (capacity_ - 1)] = word;
  }
  uint64_t take() { return words_[head_++ & (capacity_ - 1)]; }
  void grow() {
    size_t capacity = capacity_ ? capacity_ * 2 : 64;
    auto words = std::make_unique_for_overwrite<uint64_t[]>(capacity);
    size_t count = tail_ - head_;
    for (size_t i = 0; i < count; ++i) words[i] = words_[(head_ + i) & (capacity_ - 1)];
    words_ = std::move(words);
    capacity_ = capacity;
    head_ = 0;
    tail_ = count;
  }

  std::unique_ptr<uint64_t[]> words_;
  size_t capacity_ = 0;        // a power of two
  size_t head_ = 0, tail_ = 0; // count up for ever; masked on use
  size_t jobs_ = 0;
};

} // namespace aspy
