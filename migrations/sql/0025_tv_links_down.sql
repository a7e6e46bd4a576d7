DROP TABLE tv_links;
