"""What has left the screen is not predicted."""

from viewing import need_browser, story, viewing


def test_a_pan_cancels_what_is_no_longer_visible(data, source):
    need_browser(source)
    # A network that takes its time, on one thread: each place is left before it is predicted.
    with viewing("synthetic:nuclei,height=8192,width=8192", "--model", data / "models_made/nuclei_unet_any_size", "--threads", 1) as viewer:
        seen = story(source, "pan", viewer.address, timeout=240)
    assert seen["problems"] == []
    assert seen["before"]["given_up"] == 0 < seen["quick"]["given_up"]
    # The way back, on which every place is waited for, predicts what the quick pan has left out.
    quick, patient = seen["quick"]["windows_made"], seen["patient"]["windows_made"]
    assert quick < 0.6 * patient, (quick, patient)
