"""What of the sensors' measurements is told to the server."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from events.wire import Air, Motion
from kiosk.hardware.thin import AIR_AT_MOST, AIR_EVERY, CO2, HUMIDITY, MOTION_EVERY, TEMPERATURE, Thin
from kiosk.inbox import AirFelt, MotionFelt
from kiosk.orders import TellSensed

CALM = Air(temperature=21.0, humidity=45.0, co2=600)


def told(thin: Thin, *felt: tuple[float, Air]) -> list[float]:
    facts = [thin.feel(AirFelt(air=air, at=at)) for at, air in felt]
    return [fact.at for fact in facts if fact is not None]


def test_motion_is_told_at_once_and_then_every_five_minutes_while_it_goes_on() -> None:
    thin = Thin()
    felt = [*range(100, 1000, 60), 5000]
    facts = [thin.feel(MotionFelt(at=float(at))) for at in felt]
    assert [fact for fact in facts if fact] == [
        TellSensed(sensed=Motion(), at=float(at)) for at in (100, 400, 700, 5000)
    ]


def test_the_first_measurement_is_told() -> None:
    assert Thin().feel(AirFelt(air=CALM, at=7.0)) == TellSensed(sensed=CALM, at=7.0)


def test_air_that_does_not_change_is_told_every_quarter_of_an_hour() -> None:
    assert told(Thin(), *((float(at), CALM) for at in range(0, 3600, 5))) == [0, 900, 1800, 2700]


def test_a_notable_change_is_told_and_a_small_one_is_not() -> None:
    for little, notable in (
        (Air(temperature=21.4, humidity=45.0, co2=600), Air(temperature=21.5, humidity=45.0, co2=600)),
        (Air(temperature=21.0, humidity=42.1, co2=600), Air(temperature=21.0, humidity=42.0, co2=600)),
        (Air(temperature=21.0, humidity=45.0, co2=699), Air(temperature=21.0, humidity=45.0, co2=700)),
        (CALM, Air(temperature=21.0, humidity=None, co2=600)),
    ):
        assert told(Thin(), (0.0, CALM), (100.0, little), (200.0, notable)) == [0, 200]


def test_a_change_within_a_minute_is_told_when_the_minute_is_over() -> None:
    hot = Air(temperature=30.0, humidity=45.0, co2=600)
    assert told(Thin(), (0.0, CALM), *((float(at), hot) for at in range(5, 90, 5))) == [0, 60]


def test_a_slow_drift_adds_up() -> None:
    drift = [(float(at), Air(temperature=21 + at / 1000, humidity=45.0, co2=600)) for at in range(0, 800, 10)]
    assert told(Thin(), *drift) == [0, 500]


def test_motion_and_air_do_not_hold_each_other_back() -> None:
    thin = Thin()
    assert thin.feel(MotionFelt(at=1.0)) is not None
    assert thin.feel(AirFelt(air=CALM, at=2.0)) is not None


@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 400),
            st.one_of(
                st.none(),
                st.builds(
                    Air,
                    temperature=st.floats(15, 30) | st.none(),
                    humidity=st.floats(20, 80),
                    co2=st.integers(400, 2000) | st.none(),
                ),
            ),
        ),
        max_size=60,
    )
)
def test_the_log_is_never_flooded_and_never_far_from_what_was_felt(
    steps: list[tuple[float, Air | None]],
) -> None:
    thin, now = Thin(), 0.0
    motions: list[float] = []
    airs: list[tuple[float, Air]] = []
    for pause, air in steps:
        now += pause
        fact = thin.feel(MotionFelt(at=now) if air is None else AirFelt(air=air, at=now))
        if fact is not None and air is None:
            motions.append(now)
        elif fact is not None and air is not None:
            airs.append((now, air))
        if air is not None and now - airs[-1][0] >= AIR_AT_MOST:
            known = airs[-1][1]
            assert now - airs[-1][0] < AIR_EVERY
            assert (known.temperature is None) == (air.temperature is None)
            assert abs((known.temperature or 0) - (air.temperature or 0)) < TEMPERATURE
            assert abs((known.humidity or 0) - (air.humidity or 0)) < HUMIDITY
            assert abs((known.co2 or 0) - (air.co2 or 0)) < CO2
    assert all(later - earlier >= MOTION_EVERY for earlier, later in pairwise(motions))
    assert all(later[0] - earlier[0] >= AIR_AT_MOST for earlier, later in pairwise(airs))
