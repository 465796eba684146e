"""The circuit breaker: opens after failures in a row, lets one trial through after the rest."""

import pytest

from marketplace.registries.circuit import CircuitBreaker, CircuitOpen


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: CircuitBreaker) -> None:
    with pytest.raises(ConnectionError), breaker.attempt(ConnectionError):
        raise ConnectionError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(failures=3, rest_seconds=10, monotonic=clock)


class TestFailuresInARowOpenIt:
    def test_the_third_failure_does(self, breaker: CircuitBreaker) -> None:
        for _ in range(3):
            fail(breaker)
        with pytest.raises(CircuitOpen) as refused, breaker.attempt(ConnectionError):
            pytest.fail("nothing passes an open circuit")
        assert refused.value.seconds_left == 10

    def test_a_success_in_between_starts_the_count_again(self, breaker: CircuitBreaker) -> None:
        fail(breaker)
        fail(breaker)
        with breaker.attempt(ConnectionError):
            pass
        fail(breaker)
        fail(breaker)
        with breaker.attempt(ConnectionError):
            pass

    def test_other_exceptions_do_not_count(self, breaker: CircuitBreaker) -> None:
        for _ in range(5):
            with pytest.raises(KeyError), breaker.attempt(ConnectionError):
                raise KeyError
        with breaker.attempt(ConnectionError):
            pass


class TestAfterTheRestOneTrialDecides:
    @pytest.fixture
    def rested(self, breaker: CircuitBreaker, clock: Clock) -> CircuitBreaker:
        for _ in range(3):
            fail(breaker)
        clock.now += 10
        return breaker

    def test_success_closes(self, rested: CircuitBreaker) -> None:
        for _ in range(2):
            with rested.attempt(ConnectionError):
                pass

    def test_failure_opens_for_another_rest(self, rested: CircuitBreaker, clock: Clock) -> None:
        fail(rested)
        clock.now += 9
        with pytest.raises(CircuitOpen), rested.attempt(ConnectionError):
            pytest.fail("nothing passes an open circuit")

    def test_only_one_at_a_time(self, rested: CircuitBreaker) -> None:
        with rested.attempt(ConnectionError), pytest.raises(CircuitOpen), rested.attempt(ConnectionError):
            pytest.fail("a second trial while the first is out")

    def test_a_trial_that_is_given_up_does_not_block_the_next(self, rested: CircuitBreaker) -> None:
        with pytest.raises(KeyboardInterrupt), rested.attempt(ConnectionError):
            raise KeyboardInterrupt
        with rested.attempt(ConnectionError):
            pass
