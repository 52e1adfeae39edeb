"""A loop stalls where it does not turn, or where every slot is taken by work that does nothing."""

from dcvd.kit.movement import LoopMovement


class Slots:
    """Slots of which some or none is free, and seconds that pass as a test says."""

    def __init__(self) -> None:
        self.are_free = True
        self.seconds = 100.0
        self.movement = LoopMovement(
            "loop",
            lambda: self.are_free,
            longest_step_s=lambda: 30.0,
            longest_sleep_s=lambda: 5.0,
            monotonic=lambda: self.seconds,
        )


def test_a_loop_that_has_not_begun_or_has_ended_stalls_nobody() -> None:
    slots = Slots()
    for are_free in (True, False):
        slots.are_free = are_free
        slots.seconds += 100
        assert slots.movement.measure_stall_s() == 0
        slots.movement.note_turn()
        slots.seconds += 100
        assert slots.movement.measure_stall_s() > 0
        slots.movement.end()
        assert slots.movement.measure_stall_s() == 0


def test_a_loop_may_sleep_as_long_as_it_does_and_stalls_beyond_it() -> None:
    slots = Slots()
    slots.movement.note_turn()
    slots.seconds += 5
    assert slots.movement.measure_stall_s() == 0
    slots.seconds += 10
    assert slots.movement.measure_stall_s() == 10
    slots.movement.note_turn()
    assert slots.movement.measure_stall_s() == 0


def test_work_in_every_slot_stalls_only_beyond_the_longest_of_its_steps() -> None:
    slots = Slots()
    slots.seconds += 90
    slots.movement.note_turn()
    assert slots.movement.measure_stall_s() == 0
    slots.are_free = False
    assert slots.movement.measure_stall_s() == 60
    slots.movement.note_step()
    slots.seconds += 30
    slots.movement.note_turn()
    assert slots.movement.measure_stall_s() == 0
