"""One contract for every store of jobs: how a job is made and filled (contract 1.6)."""

from __future__ import annotations

import random

import pytest

from gateway.jobs.chunk import Part
from gateway.jobs.errors import (
    Duplicate,
    DuplicateItems,
    JobNotFound,
    KeyReused,
    PartDiffers,
    PartsMissing,
    StoreFull,
    TooManyItems,
    TooManyJobs,
    TooManyParts,
    WrongState,
)
from gateway.jobs.job import Counts, NewJob
from tests.doubles.job_worlds import calls, run, run_all, started

NEW = NewJob(resource="things", label="spring clean", max_failed_percent=12.5, pause_after=10)


@pytest.fixture
def job(jobs):
    return jobs.create("p", NEW)[0]


def test_a_new_job_takes_parts_and_shows_what_was_asked(jobs, job):
    assert (job.state, job.label, job.max_failed_percent, job.pause_after) == ("uploading", "spring clean", 12.5, 10)
    assert (job.counts, job.parts, job.position, job.rate) == (Counts(), 0, 0, 0.0)
    assert (job.started_at, job.ended_at, job.estimated_end_at) == (None, None, None)
    assert job.expires_at == job.created_at + 604_800
    assert jobs.get("p", job.id) == job


def test_the_same_key_gives_the_same_job_again(jobs):
    new = NewJob(resource="things", key="k", fingerprint="f")

    first, is_new = jobs.create("p", new)
    again, is_new_again = jobs.create("p", new)

    assert (is_new, is_new_again) == (True, False)
    assert again == first


def test_a_key_with_another_request_is_refused_and_another_principal_has_keys_of_its_own(jobs):
    first, _ = jobs.create("p", NewJob(resource="things", key="k", fingerprint="f"))

    with pytest.raises(KeyReused):
        jobs.create("p", NewJob(resource="things", key="k", fingerprint="other"))
    assert jobs.create("q", NewJob(resource="things", key="k", fingerprint="f"))[0].id != first.id


def test_a_job_is_seen_by_its_principal_and_by_the_operator_alone(jobs, job):
    for ask in (jobs.get, jobs.results, jobs.pause, jobs.resume, jobs.cancel, jobs.remove):
        with pytest.raises(JobNotFound):
            ask("q", job.id)
    with pytest.raises(JobNotFound):
        jobs.put_part("q", job.id, Part(1, "a"), calls(1))
    assert jobs.get(None, job.id).id == job.id


def test_parts_add_to_the_total_and_come_in_any_order(jobs, job):
    jobs.put_part("p", job.id, Part(2, "b"), calls(3))
    jobs.put_part("p", job.id, Part(1, "a"), calls(1, 2))

    assert jobs.get("p", job.id).counts == Counts(total=3)


def test_the_same_part_again_changes_nothing_and_another_under_its_number_is_refused(jobs, job):
    jobs.put_part("p", job.id, Part(1, "a"), calls(1, 2))

    jobs.put_part("p", job.id, Part(1, "a"), calls(1, 2))
    with pytest.raises(PartDiffers):
        jobs.put_part("p", job.id, Part(1, "b"), calls(3))

    assert jobs.get("p", job.id).counts.total == 2


def test_a_part_that_was_taken_need_not_be_read_again(jobs, job):
    assert not jobs.has_part("p", job.id, Part(1, "a"))
    jobs.put_part("p", job.id, Part(1, "a"), calls(1))

    assert jobs.has_part("p", job.id, Part(1, "a"))
    with pytest.raises(PartDiffers):
        jobs.has_part("p", job.id, Part(1, "b"))


def test_an_id_that_came_before_is_an_error_that_names_the_first_index(jobs, job):
    jobs.put_part("p", job.id, Part(1, "a"), calls(1, 2, 3))
    jobs.put_part("p", job.id, Part(2, "b"), calls(4, 5))

    with pytest.raises(DuplicateItems) as refusal:
        jobs.put_part("p", job.id, Part(3, "c"), calls(6, 3, 5))

    assert refusal.value.duplicates == [Duplicate(2, "3", 1, 3, 2), Duplicate(3, "5", 2, 2, 4)]
    assert refusal.value.total == 2
    assert jobs.get("p", job.id).counts.total == 5


def test_the_first_index_is_not_told_while_a_part_before_it_is_missing(jobs, job):
    jobs.put_part("p", job.id, Part(2, "b"), calls(4))

    with pytest.raises(DuplicateItems) as refusal:
        jobs.put_part("p", job.id, Part(1, "a"), calls(4))

    assert refusal.value.duplicates == [Duplicate(1, "4", 2, 1, None)]


def test_a_refused_part_keeps_the_job_from_starting_until_it_comes_again(jobs, job):
    jobs.put_part("p", job.id, Part(1, "a"), calls(1))
    jobs.refuse_part("p", job.id, 2)

    with pytest.raises(PartsMissing) as refusal:
        jobs.start("p", job.id, 2)
    jobs.put_part("p", job.id, Part(2, "b"), calls(2))

    assert (refusal.value.missing, refusal.value.refused, refusal.value.surplus) == ([], [2], [])
    assert jobs.start("p", job.id, 2).state == "queued"


def test_a_part_with_ids_that_came_before_counts_as_refused_and_leaves_no_ids_behind(jobs, job):
    jobs.put_part("p", job.id, Part(1, "a"), calls(1))
    with pytest.raises(DuplicateItems):
        jobs.put_part("p", job.id, Part(2, "b"), calls(2, 1))

    with pytest.raises(PartsMissing) as refusal:
        jobs.start("p", job.id, 2)
    jobs.put_part("p", job.id, Part(2, "c"), calls(2))

    assert refusal.value.refused == [2]
    assert jobs.start("p", job.id, 2).counts.total == 2


def test_a_taken_part_cannot_be_refused_afterwards(jobs, job):
    jobs.put_part("p", job.id, Part(1, "a"), calls(1))

    jobs.refuse_part("p", job.id, 1)

    assert jobs.start("p", job.id, 1).state == "queued"


def test_the_start_names_what_is_missing_and_what_is_beyond_the_last(jobs, job):
    jobs.put_part("p", job.id, Part(2, "b"), calls(1))
    jobs.put_part("p", job.id, Part(5, "e"), calls(2))

    with pytest.raises(PartsMissing) as refusal:
        jobs.start("p", job.id, 3)

    assert (refusal.value.missing, refusal.value.refused, refusal.value.surplus) == ([1, 3], [], [5])
    assert jobs.get("p", job.id).state == "uploading"


def test_a_rehearsed_start_says_what_is_missing_and_starts_nothing(jobs, job):
    with pytest.raises(PartsMissing):
        jobs.start("p", job.id, 1, dry_run=True)
    jobs.put_part("p", job.id, Part(1, "a"), calls(1))

    assert jobs.start("p", job.id, 1, dry_run=True).state == "uploading"
    jobs.put_part("p", job.id, Part(2, "b"), calls(2))


def test_a_start_can_be_repeated_but_not_with_other_parts(jobs):
    job = started(jobs, [1], [2])

    assert jobs.start("p", job.id, 2).state == "queued"
    with pytest.raises(WrongState):
        jobs.start("p", job.id, 1)


def test_a_started_job_takes_no_more_parts(jobs):
    job = started(jobs, [1])

    with pytest.raises(WrongState) as refusal:
        jobs.put_part("p", job.id, Part(2, "b"), calls(2))

    assert (refusal.value.state, refusal.value.allowed) == ("queued", ("uploading",))
    for ask in (lambda: jobs.has_part("p", job.id, Part(2, "b")), lambda: jobs.refuse_part("p", job.id, 2)):
        with pytest.raises(WrongState):
            ask()


def test_a_job_has_at_most_so_many_items(world):
    jobs, _ = world.open(job_items=3)
    job, _ = jobs.create("p", NEW)
    jobs.put_part("p", job.id, Part(1, "a"), calls(1, 2))

    with pytest.raises(TooManyItems) as refusal:
        jobs.put_part("p", job.id, Part(2, "b"), calls(3, 4))

    assert (refusal.value.received, refusal.value.most) == (4, 3)


@pytest.mark.parametrize("number", [0, 10_001])
def test_parts_are_numbered_from_1_to_10000(jobs, job, number):
    for put in (
        lambda: jobs.put_part("p", job.id, Part(number, "a"), calls(1)),
        lambda: jobs.has_part("p", job.id, Part(number, "a")),
        lambda: jobs.refuse_part("p", job.id, number),
    ):
        with pytest.raises(TooManyParts):
            put()


def test_a_principal_has_at_most_so_many_live_jobs(world):
    jobs, _ = world.open(live_jobs=2)
    first, _ = jobs.create("p", NEW)
    jobs.create("p", NEW)

    with pytest.raises(TooManyJobs) as refusal:
        jobs.create("p", NEW)
    jobs.create("q", NEW)
    jobs.cancel("p", first.id)

    assert (refusal.value.bound, refusal.value.most) == ("live_jobs", 2)
    assert jobs.create("p", NEW)[1]


def test_so_many_jobs_take_parts_at_a_time(world):
    jobs, _ = world.open(uploading_jobs=2)
    started(jobs, [1], principal="p")
    for principal in ("q", "r"):
        jobs.create(principal, NEW)

    with pytest.raises(TooManyJobs) as refusal:
        jobs.create("s", NEW)

    assert (refusal.value.bound, refusal.value.most) == ("uploading_jobs", 2)


def test_a_key_that_made_a_job_finds_it_when_no_more_can_be_made(world):
    jobs, _ = world.open(live_jobs=1)
    new = NewJob(resource="things", key="k")
    first, _ = jobs.create("p", new)

    assert jobs.create("p", new) == (first, False)


def test_a_full_store_refuses_jobs_and_parts_and_forgets_nothing(world):
    jobs, _ = world.open(store_bytes=1_048_576, job_items=50_000)
    job, _ = jobs.create("p", NewJob(resource="things"))

    taken = sum(_is_taken(jobs, job, number) for number in range(1, 60))

    assert 2 < taken < 50
    assert jobs.get("p", job.id).counts.total == taken * 500
    with pytest.raises(StoreFull):
        jobs.create("p", NewJob(resource="things"))


def test_a_store_without_room_for_results_hands_out_nothing_until_it_has_some(world):
    jobs, chunks = world.open(store_bytes=1_048_576)
    job = started(jobs, *(range(1000 * part, 1000 * part + 200) for part in range(20)))
    runs = 0
    while lease := chunks.next_chunk("w"):
        run(chunks, lease, {offset: _large_answer(lease.first_index + offset) for offset in range(200)})
        runs += 1
    stands = jobs.get("p", job.id)
    world.pass_time(90)

    assert 5 < runs < 20
    assert (stands.state, stands.counts.unprocessed) == ("running", 4000 - 200 * runs)
    assert chunks.gauges().used_bytes <= 1_048_576
    assert chunks.gauges().oldest_due_seconds == pytest.approx(90)

    jobs.cancel("p", job.id)
    jobs.remove("p", job.id)
    while chunks.sweep():
        pass
    started(jobs, [1])
    assert run_all(chunks) == 1


def _large_answer(seed: int) -> bytes:
    """Of 400 bytes, of which half cannot be packed away."""
    return b'{"text":"%b"}' % random.Random(seed).randbytes(200).hex().encode()


def _is_taken(jobs, job, number) -> bool:
    try:
        jobs.put_part("p", job.id, Part(number, "a"), calls(*range(1000 * number, 1000 * number + 500)))
    except StoreFull:
        return False
    return True


def test_an_upload_without_a_part_for_an_hour_ends(world, jobs, chunks):
    idle, _ = jobs.create("p", NEW)
    busy, _ = jobs.create("p", NEW)
    world.pass_time(1800)
    jobs.put_part("p", busy.id, Part(1, "a"), calls(1))
    world.pass_time(1801)

    chunks.sweep()

    assert (jobs.get("p", idle.id).state, jobs.get("p", idle.id).why) == ("cancelled", "idle")
    assert jobs.get("p", busy.id).state == "uploading"


def test_jobs_are_listed_newest_first_in_pages_and_each_principal_has_its_own(world, jobs):
    made = []
    for principal in "pqpp":
        made.append(jobs.create(principal, NEW)[0].id)
        world.pass_time(1)

    first = jobs.jobs("p", most=2)
    second = jobs.jobs("p", most=2, before=first.before)

    assert [job.id for job in first.jobs] == [made[3], made[2]]
    assert [job.id for job in second.jobs] == [made[0]]
    assert second.before == ""
    assert [job.id for job in jobs.jobs(None, most=10).jobs] == made[::-1]
