import numpy as np

from cnnviz_core.methods.salient_region import salient_region


def test_a_patch_on_plain_ground_is_salient_and_a_plain_image_has_nothing() -> None:
    images = np.full((2, 3, 20, 20), 0.4)
    images[0, :, 5:9, 6:12] = 0.9
    found = salient_region(images)
    assert found[0, 5:9, 6:12].all()
    assert found[0].sum() <= 6 * 8
    assert not found[1].any()


def test_it_is_what_the_definition_says() -> None:
    image = np.random.default_rng(0).random((1, 3, 7, 6))
    padded = np.pad(image[0], ((0, 0), (1, 1), (1, 1)), mode="edge")
    far = np.zeros((7, 6))
    for i in range(7):
        for j in range(6):
            near = padded[:, i : i + 3, j : j + 3].mean(axis=(1, 2))
            far[i, j] = np.linalg.norm(near - image[0].mean(axis=(1, 2)))
    np.testing.assert_array_equal(salient_region(image)[0], far > 2 * far.mean())
