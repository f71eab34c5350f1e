#include "tegula/core/lobby.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tegula/core/platform.h"

namespace tegula {
namespace {

// What is still read of one that has its refusal.
constexpr double kForgetSeconds = 1;
constexpr std::int64_t kForgetBytes = 8 << 20;
constexpr double kBytesPerSecond = 65536;  // of an answer, at the slowest
constexpr double kTurnSeconds = 60;        // without anything to do
constexpr double kRestSeconds = 0.05;
constexpr int kAtOnce = 64;  // accepted before those that are there have their turn

}  // namespace

struct Lobby::Guest {
  enum class State { kHead, kAnswer, kForget };
  std::unique_ptr<Connection> connection;
  State state = State::kHead;
  bool goes_on = true;
  std::int64_t forgets = 0;
  bool has_begun = false;
  double until = 0;
  short events() const { return state == State::kAnswer ? POLLOUT : POLLIN; }
};

Lobby::Lobby(int listening, Rules rules, Serve serve)
    : listening_(listening),
      rules_(std::move(rules)),
      serve_(std::move(serve)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  ::fcntl(listening_, F_SETFL, ::fcntl(listening_, F_GETFL) | O_NONBLOCK);
  ::listen(listening_, static_cast<int>(2 * rules_.connections));
}

Lobby::~Lobby() {
  if (wake_ >= 0) ::close(wake_);
}

void Lobby::Wake() const noexcept {
  const std::uint64_t one = 1;
  while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) continue;
}

void Lobby::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this]() { Wake(); });
  while (!stop.stop_requested()) {
    AdmitReturned();
    Turn(true, kTurnSeconds);
  }
}

void Lobby::Finish(double seconds) {
  ends_ = true;
  const double until = MonotonicSeconds() + seconds;
  for (;;) {
    AdmitReturned();
    std::erase_if(guests_, [](const Guest& guest) { return guest.connection->unsent_bytes() == 0; });
    const double left = until - MonotonicSeconds();
    if (guests_.empty() || left <= 0) break;
    Turn(false, left);
  }
  guests_.clear();
}

void Lobby::Return(std::unique_ptr<Connection> connection, Then then) {
  Guest guest;
  guest.connection = std::move(connection);
  guest.state = Guest::State::kAnswer;
  guest.goes_on = then.goes_on && then.forgets == 0;
  guest.forgets = then.forgets;
  guest.until = MonotonicSeconds() + rules_.answer_seconds +
                static_cast<double>(guest.connection->unsent_bytes()) / kBytesPerSecond;
  {
    const std::lock_guard lock(mutex_);
    returned_.push_back(std::move(guest));
  }
  Wake();
}

void Lobby::AdmitReturned() {
  std::vector<Guest> returned;
  {
    const std::lock_guard lock(mutex_);
    returned.swap(returned_);
  }
  served_ -= returned.size();
  for (Guest& guest : returned) Admit(std::move(guest));
}

void Lobby::Turn(bool accepts, double most_seconds) {
  std::vector<pollfd> polls;
  polls.push_back({wake_, POLLIN, 0});
  const bool listens = accepts && !rests_ && served_ < rules_.connections;
  polls.push_back({listens ? listening_ : -1, POLLIN, 0});
  double until = MonotonicSeconds() + (rests_ ? kRestSeconds : most_seconds);
  for (const Guest& guest : guests_) {
    polls.push_back({guest.connection->socket(), guest.events(), 0});
    until = std::min(until, guest.until);
  }
  rests_ = false;
  const double wait_ms = std::max(0.0, until - MonotonicSeconds()) * 1000;
  if (::poll(polls.data(), polls.size(), static_cast<int>(wait_ms) + 1) < 0) return;
  if (polls[0].revents != 0) {
    std::uint64_t count = 0;
    while (::read(wake_, &count, sizeof count) < 0 && errno == EINTR) continue;
  }
  const double now = MonotonicSeconds();
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    Guest& guest = guests_[i];
    bool stays = polls[i + 2].revents == 0 || Step(guest);
    if (stays && now >= guest.until) stays = Expire(guest);
    if (!stays) guest.connection.reset();
  }
  std::erase_if(guests_, [](const Guest& guest) { return guest.connection == nullptr; });
  if (polls[1].revents != 0) Accept();
}

void Lobby::Accept() {
  for (int i = 0; i < kAtOnce; ++i) {
    const int socket = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      // Of sockets that are used up one comes back when the oldest goes.
      rests_ = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (rests_ && !guests_.empty()) guests_.erase(guests_.begin());
      return;
    }
    const int yes = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    Guest guest;
    guest.connection = std::make_unique<Connection>(socket);
    guest.until = MonotonicSeconds() + rules_.idle_seconds;
    Admit(std::move(guest));
  }
}

// Who has something to say, or nothing more to hear, needs no seat.
void Lobby::Admit(Guest guest) {
  if (!Step(guest)) return;
  std::size_t unsent = guest.connection->unsent_bytes();
  for (const Guest& other : guests_) unsent += other.connection->unsent_bytes();
  while (unsent > rules_.unsent_bytes) {
    const auto oldest = std::find_if(guests_.begin(), guests_.end(),
                                     [](const Guest& other) { return other.connection->unsent_bytes() > 0; });
    if (oldest == guests_.end()) break;
    unsent -= oldest->connection->unsent_bytes();
    guests_.erase(oldest);
  }
  if (guests_.size() >= rules_.connections) guests_.erase(guests_.begin());
  guests_.push_back(std::move(guest));
}

// Does what can be done at once; whether the guest stays.
bool Lobby::Step(Guest& guest) {
  Connection& connection = *guest.connection;
  if (guest.state == Guest::State::kAnswer) {
    if (!connection.Flush()) return false;
    if (connection.unsent_bytes() > 0) return true;
    if (guest.forgets > 0) {
      // A socket that is closed before all was read takes the answer with it.
      connection.EndAnswers();
      guest.state = Guest::State::kForget;
      guest.until = MonotonicSeconds() + kForgetSeconds;
    } else if (guest.goes_on && !ends_) {
      guest.state = Guest::State::kHead;
      guest.has_begun = false;
      guest.until = MonotonicSeconds() + rules_.idle_seconds;
    } else {
      return false;
    }
  }
  if (guest.state == Guest::State::kForget) {
    guest.forgets = connection.Forget(guest.forgets);
    return guest.forgets > 0;
  }
  switch (connection.ReadHead(rules_.head_bytes)) {
    case Connection::Head::kEnded: return false;
    case Connection::Head::kTooLarge: return Refuse(guest, rules_.large);
    case Connection::Head::kWhole:
      ++served_;
      serve_(std::move(guest.connection));
      return false;
    case Connection::Head::kPart: break;
  }
  if (!guest.has_begun && connection.has_begun()) {
    guest.has_begun = true;
    guest.until = MonotonicSeconds() + rules_.head_seconds;
  }
  return true;
}

// What happens to one whose time is over; whether it stays.
bool Lobby::Expire(Guest& guest) const {
  return guest.state == Guest::State::kHead && guest.has_begun && Refuse(guest, rules_.late);
}

bool Lobby::Refuse(Guest& guest, const std::string& answer) const {
  if (guest.connection->Write(answer.data(), answer.size()) < 0 || guest.connection->unsent_bytes() > 0) return false;
  guest.connection->EndAnswers();
  guest.state = Guest::State::kForget;
  guest.forgets = kForgetBytes;
  guest.until = MonotonicSeconds() + kForgetSeconds;
  return true;
}

}  // namespace tegula
