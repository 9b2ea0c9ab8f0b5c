"""Networks that answer, without what training needs: no module of this room loads Lightning."""
