"""How turns, sessions and kernels of the interleavings end."""

from __future__ import annotations

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from nbchat.sessions.leases import WARM_SECONDS
from tests.sessions.interleaved_answers import Answers
from tests.sessions.model_tree import parts_of, said
from tests.support.clock import settle

__all__ = ["Ends"]


class Ends(Answers):
    """Stop, and every way in which a session or its kernel can end and begin anew."""

    @precondition(lambda self: self.since >= 2)
    @rule(queue=st.booleans(), twice=st.booleans())
    def stop(self, queue: bool, twice: bool) -> None:
        self._stop(queue, twice)

    def _stop(self, queue: bool, twice: bool) -> None:
        async def press() -> None:
            stops = [self.session.stop(queue=queue) for _ in range(1 + twice)]
            if queue:
                self.removed(list(self.queue))
            self.cut_short("stopped")
            await asyncio.gather(*stops)
            self.tools.let_all_return()

        self.act(press())

    @precondition(lambda self: self.since >= 4)
    @rule(how=st.sampled_from(("close", "let go", "restart", "kill", "kill")), titles=st.booleans())
    def end(self, how: str, titles: bool) -> None:
        """The session ends, or the kernel; and begins anew."""
        if how == "kill":
            self._kill(titles)
        elif how == "restart":
            self._restart(titles)
        elif how == "let go" and self.running is None:
            self._let_go()
        else:
            self._close()

    def _close(self) -> None:
        """The session is closed, and opened again."""

        async def end() -> None:
            self.removed(list(self.queue))
            self.cut_short("interrupted")
            await self.life.house.manager.close(self.session)
            self.tools.let_all_return()

        self.act(end())
        self.open()

    def _let_go(self) -> None:
        """Nobody holds the session any more: after its warm time it is closed, and the next one opens it again."""
        session, life = self.session, self.life

        async def leave() -> None:
            self.lease.release()
            await settle()
            await life.clock.advance(WARM_SECONDS + 1)

        self.act(leave())
        assert session.closed
        self.open()
        assert self.session is not session

    def _restart(self, titles: bool) -> None:
        """The kernel shuts down in order, and another one opens the database."""
        self.removed(list(self.queue))
        self.cut_short("interrupted")
        self.life.close()
        self.tools.let_all_return()
        self.live(titles)

    def _kill(self, titles: bool) -> None:
        """The kernel is killed; what had been saved is there, and says that it was interrupted."""
        self.life.kill()
        self.dead.append(self.life)
        self.tools.let_all_return()
        self.removed(list(self.queue))
        answer = self.killed()
        self.live(titles)
        if answer is not None:
            found = self.session.message(answer.id)
            assert found is not None
            assert found.status == "interrupted"
            counts = range(answer.saved, len(answer.atoms) + 1)
            prefixes = [count for count in counts if parts_of(answer.atoms[:count]) == said(found.parts)]
            assert prefixes, "a checkpoint is lost, or the partial is no prefix"
            del answer.atoms[prefixes[0] :]
