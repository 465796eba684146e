"""A small circuit breaker: after several failures in a row, ask the other side nothing for a while, then try once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class CircuitOpen(Exception):
    """The last calls all failed; nothing is sent until the rest is over."""

    code = "circuit_open"

    def __init__(self, seconds_left: float) -> None:
        super().__init__(f"resting for another {seconds_left:.1f} s after repeated failures")
        self.seconds_left = seconds_left


class CircuitBreaker:
    """Closed: all calls pass. Open: none does. After the rest one call passes; it closes or opens the circuit again.

    Not shared between processes: each worker finds out for itself. Times are seconds of a monotonic clock.
    """

    def __init__(self, *, failures: int, rest_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._rest, self._monotonic = failures, rest_seconds, monotonic
        self._failures = 0
        self._closed_again_at = 0.0
        self._trying = False

    @contextmanager
    def attempt(self, *failing: type[BaseException]) -> Iterator[None]:
        """One call. `failing` are the exceptions that count against the other side; any other leaves the count as it
        was. Raises: CircuitOpen."""
        trial = self._enter()
        try:
            yield
        except failing:
            self._failures += 1
            if self._failures >= self._limit:
                self._closed_again_at = self._monotonic() + self._rest
            raise
        else:
            self._failures = 0
        finally:
            if trial:
                self._trying = False

    def _enter(self) -> bool:
        if self._failures < self._limit:
            return False
        left = self._closed_again_at - self._monotonic()
        if left > 0 or self._trying:
            raise CircuitOpen(max(left, 0))
        self._trying = True
        return True
