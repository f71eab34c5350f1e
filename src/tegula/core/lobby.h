// core/lobby.h — where connections are while nothing is computed for them: until a request has come in, while an answer
// goes out, between two requests.
//
// One thread looks after all of them, so that whoever sends or reads slowly costs a socket and no thread. A connection
// leaves the lobby with the head of a request that is whole, and comes back with the answer. Where there are too many,
// the one that has been there longest goes: newcomers with something to say say it at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "tegula/core/connection.h"

namespace tegula {

/// Run is called once, by one thread; Return by any.
class Lobby {
 public:
  struct Rules {
    double head_seconds = 10;    ///< from a request's first byte to the end of its head
    double idle_seconds = 5;     ///< without any byte
    double answer_seconds = 10;  ///< for the other side to take an answer, and a second more for each 64 KiB of it
    std::size_t head_bytes = 65536;
    std::size_t connections = 256;        ///< in the lobby, and as many outside of it; others wait to be accepted
    std::size_t unsent_bytes = 64 << 20;  ///< of answers, together; the oldest go
    std::string late, large;              ///< what those are told that exceed head_seconds and head_bytes
  };
  using Serve = std::function<void(std::unique_ptr<Connection>)>;

  /// `serve` takes a connection whose request's head is there, and gives it back by Return.
  /// It does not wait. `listening` is a socket that listens, and stays its owner's.
  Lobby(int listening, Rules rules, Serve serve);
  ~Lobby();
  Lobby(const Lobby&) = delete;
  Lobby& operator=(const Lobby&) = delete;

  /// Looks after connections until it is told to stop.
  void Run(const std::stop_token& stop);
  /// After Run, when nobody calls Return any more: sends what was answered, for at most so long, and closes everything.
  void Finish(double seconds);

  struct Then {
    bool goes_on = true;       ///< another request may follow
    std::int64_t forgets = 0;  ///< bytes of a body that nobody has read; the connection ends with it
  };
  /// A connection whose answer is written; its unsent rest goes out from here.
  void Return(std::unique_ptr<Connection> connection, Then then);

 private:
  struct Guest;
  void Wake() const noexcept;
  void Turn(bool accepts, double most_seconds);
  void AdmitReturned();
  void Accept();
  void Admit(Guest guest);
  bool Step(Guest& guest);
  bool Expire(Guest& guest) const;
  bool Refuse(Guest& guest, const std::string& answer) const;

  const int listening_;
  const Rules rules_;
  const Serve serve_;
  int wake_ = -1;
  std::vector<Guest> guests_;
  std::size_t served_ = 0;  ///< outside of the lobby
  bool rests_ = false;      ///< there are no sockets to be had; nobody is accepted for a turn
  bool ends_ = false;       ///< no further request is read
  std::mutex mutex_;        ///< of what follows
  std::vector<Guest> returned_;
};

}  // namespace tegula
