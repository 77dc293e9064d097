"""Telethon drives what people do in groups together: links, requests, reactions, mentions, polls, views."""

import pytest
from telethon import errors, events, functions, types
from telethon.tl.alltlobjects import LAYER

from telethon_judge import Inbox, fitting, logged_in, needs


@pytest.fixture
async def trio(server, phones):
    accounts = [(next(phones), name) for name in ("Alice", "Bob", "Carol")]
    async with logged_in(server, *accounts) as (alice, bob, carol):
        yield alice, bob, carol


async def new_channel(alice, title, **kind):
    made = await alice(functions.channels.CreateChannelRequest(title, "about", **kind))
    return made.chats[0]


async def come_in(client, link):
    joined = await client(functions.messages.ImportChatInviteRequest(link.rsplit("+", 1)[1]))
    # Older layers answer with the updates themselves.
    return (joined if hasattr(joined, "chats") else joined.updates).chats[0]


async def test_links_let_people_in(trio):
    # G-173 … G-190
    alice, bob, carol = trio
    group = await new_channel(alice, "By link", megagroup=True)
    link = await alice(functions.messages.ExportChatInviteRequest(group, usage_limit=1))
    seen = await bob(functions.messages.CheckChatInviteRequest(link.link.rsplit("+", 1)[1]))
    assert isinstance(seen, types.ChatInvite) and seen.title == "By link" and seen.megagroup
    at_alice = Inbox(alice, events.ChatAction())
    there = await come_in(bob, link.link)
    assert there.id == group.id and not there.left
    joined = await at_alice.wait(lambda e: e.user_joined or e.user_added)
    assert isinstance(joined.action_message.action, types.MessageActionChatJoinedByLink)
    with pytest.raises(errors.InviteHashExpiredError):
        await come_in(carol, link.link)
    with pytest.raises(errors.UserAlreadyParticipantError):
        await come_in(bob, link.link)
    full = await alice(functions.channels.GetFullChannelRequest(group))
    assert full.full_chat.exported_invite.permanent
    came = await alice(functions.messages.GetChatInviteImportersRequest(
        group, offset_date=None, offset_user=types.InputUserEmpty(), limit=10, link=link.link))
    assert [i.user_id for i in came.importers] == [(await bob.get_me()).id]


@needs("UpdatePendingJoinRequests", "messages.HideChatJoinRequestRequest")
async def test_requests_to_join_are_decided(trio):
    # G-192 … G-198
    alice, bob, carol = trio
    group = await new_channel(alice, "On request", megagroup=True)
    link = await alice(functions.messages.ExportChatInviteRequest(group, request_needed=True))
    at_alice = Inbox(alice, events.Raw(types.UpdatePendingJoinRequests))
    for client in (bob, carol):
        with pytest.raises(errors.InviteRequestSentError):
            await come_in(client, link.link)
    await at_alice.wait(lambda u: u.requests_pending == 2)
    asking = await alice(functions.messages.GetChatInviteImportersRequest(
        group, offset_date=None, offset_user=types.InputUserEmpty(), limit=10, requested=True))
    assert {u.first_name for u in asking.users} == {"Bob", "Carol"}
    first, second = asking.users
    await alice(functions.messages.HideChatJoinRequestRequest(group, first, approved=True))
    await alice(functions.messages.HideChatJoinRequestRequest(group, second, approved=False))
    members = await alice.get_participants(group)
    assert {m.first_name for m in members} == {"Alice", first.first_name}
    with pytest.raises(errors.HideRequesterMissingError):
        await alice(functions.messages.HideChatJoinRequestRequest(group, second, approved=True))


async def test_whom_a_message_mentions_sees_it_and_reads_it(trio):
    # G-310 … G-313
    alice, bob, carol = trio
    group = await new_channel(alice, "Lively", megagroup=True)
    link = await alice(functions.messages.ExportChatInviteRequest(group))
    at_bob, at_carol = await come_in(bob, link.link), await come_in(carol, link.link)
    await bob(functions.account.UpdateUsernameRequest("bob_the_lively"))
    inbox = Inbox(bob, events.NewMessage(incoming=True))
    sent = await alice.send_message(group, "look, @bob_the_lively")
    event = await inbox.wait(lambda e: e.id == sent.id)
    assert event.message.mentioned and event.message.media_unread
    assert not (await carol.get_messages(at_carol, ids=sent.id)).mentioned
    line = next(d for d in await bob.get_dialogs() if d.entity.id == group.id)
    assert line.unread_mentions_count == 1
    await bob.send_read_acknowledge(at_bob, clear_mentions=True)
    line = next(d for d in await bob.get_dialogs() if d.entity.id == group.id)
    assert line.unread_mentions_count == 0


@needs("UpdateMessageReactions", "ReactionEmoji")
async def test_reactions_are_told_and_listed(trio):
    # G-362 … G-369
    alice, bob, carol = trio
    group = await new_channel(alice, "Lively", megagroup=True)
    link = await alice(functions.messages.ExportChatInviteRequest(group))
    at_bob, at_carol = await come_in(bob, link.link), await come_in(carol, link.link)
    me = await bob.get_me()
    sent = await alice.send_message(group, "look")
    reactions = Inbox(alice, events.Raw(types.UpdateMessageReactions))
    thumb = types.ReactionEmoji("👍")
    await bob(functions.messages.SendReactionRequest(at_bob, sent.id, reaction=[thumb]))
    told = await reactions.wait(lambda u: u.msg_id == sent.id)
    assert told.reactions.min and [(r.reaction.emoticon, r.count) for r in told.reactions.results] == [("👍", 1)]
    own = await bob.get_messages(at_bob, ids=sent.id)
    assert own.reactions.results[0].chosen_order == 1
    who = await carol(functions.messages.GetMessageReactionsListRequest(at_carol, sent.id, limit=10))
    assert who.count == 1 and who.reactions[0].peer_id.user_id == me.id
    with pytest.raises(errors.ReactionInvalidError):
        await bob(functions.messages.SendReactionRequest(at_bob, sent.id, reaction=[types.ReactionEmoji("x")]))


async def test_a_poll_is_voted_in_and_closed(trio):
    # G-348 … G-360
    alice, bob, _ = trio
    group = await new_channel(alice, "Asking", megagroup=True)
    link = await alice(functions.messages.ExportChatInviteRequest(group))
    at_bob = await come_in(bob, link.link)
    # Questions and answers were plain strings before layer 180.
    words = lambda text: types.TextWithEntities(text, []) if LAYER >= 180 else text  # noqa: E731
    poll = fitting(types.Poll, id=0, question=words("Tea?"), public_voters=True, hash=0, answers=[
        types.PollAnswer(words("yes"), b"1"), types.PollAnswer(words("no"), b"2")])
    sent = await alice.send_message(group, file=types.InputMediaPoll(poll))
    assert sent.poll.poll.id != 0 and not sent.poll.results.results
    results = Inbox(alice, events.Raw(types.UpdateMessagePoll))
    voted = await bob(functions.messages.SendVoteRequest(at_bob, sent.id, [b"1"]))
    own = next(u for u in voted.updates if isinstance(u, types.UpdateMessagePoll))
    assert [(r.voters, r.chosen) for r in own.results.results] == [(1, True), (0, False)]
    told = await results.wait(lambda u: u.poll_id == sent.poll.poll.id)
    assert told.results.min and told.results.total_voters == 1
    with pytest.raises(errors.PollVoteRequiredError):
        await alice(functions.messages.GetPollVotesRequest(group, sent.id, limit=10))
    closing = fitting(types.Poll, id=sent.poll.poll.id, question=words(""), answers=[], closed=True, hash=0)
    await alice.edit_message(group, sent.id, file=types.InputMediaPoll(closing))
    over = await bob.get_messages(at_bob, ids=sent.id)
    assert over.poll.poll.closed and over.poll.results.total_voters == 1
    with pytest.raises(errors.MessagePollClosedError):
        await bob(functions.messages.SendVoteRequest(at_bob, sent.id, [b"2"]))


async def test_posts_count_who_saw_them(trio):
    # G-315
    alice, bob, carol = trio
    channel = await new_channel(alice, "News", broadcast=True)
    link = await alice(functions.messages.ExportChatInviteRequest(channel))
    at_bob, at_carol = await come_in(bob, link.link), await come_in(carol, link.link)
    post = await alice.send_message(channel, "extra!")
    assert post.views == 1
    for client, there in ((bob, at_bob), (bob, at_bob), (carol, at_carol)):
        seen = await client(functions.messages.GetMessagesViewsRequest(there, [post.id], increment=True))
    assert seen.views[0].views == 3
    await bob.forward_messages("me", post.id, at_bob)
    assert (await alice.get_messages(channel, ids=post.id)).forwards == 1
